"""What somebody says that they do not want: it is left out before anything is read from the message."""

import re

from orchestrator.brain.sentences import content_words

_WISH = (
    r"(?:(?:to |be |get |me |us |you |a |an |any |the |my |your |this |that |it |for |another |full |real |order )*"
    r"(?:refund(?:ed|ing|s)?|money back|cancel(?:l?ed|l?ing|lation)?|talk(?:ing)?|speak(?:ing)?|chat with|human"
    r"|person|people"
    r"|agent|manager|someone|somebody|ticket|case|escalat\w+|connect(?:ed)?|transfer(?:red)?|hand(?:ed)? over"
    r"|return(?:ed|ing)?"
    r"|exchang\w+|replac\w+|invoice|change[ds]?|open)\b)"
)
#: Up to where the next thing is said.
_REST = (
    r"(?:(?!\s(?:but|just|only|instead|rather|tell|where|when|what|how|please|i (?:only|just|want|need|would|wanna"
    r"|am|have)"
    r"|i'd|i'm|can you|could you)\b)[^,.;:!?\n–])*"
)
_BEFORE = r"(?:(?<=^)|(?<=[,.;:!?\n] )|(?<=\b(?:and|but) )|(?<=\bso )|(?<=\bplease )|(?<=\bjust )|(?<=\bpls ))"
_NO = r"(?:do not|don'?t|don’t|did not|didn'?t|didn’t|never|no longer)"
_NEGATED = re.compile(
    rf"\b(?:i |we )?(?:\w+ly |just |also )?{_NO} (?:(?:really |even |actually |ever )*"
    rf"(?:ask(?:ed)?(?: you)?(?: for| to)?|want(?:ed)?|need(?:ed)?|wish(?:ed)?|like|request(?:ed)?|order(?:ed)?"
    rf"|mean(?:t)?)) {_WISH}{_REST}"
    rf"|{_BEFORE}(?:please |pls |just )*(?:do not|don'?t|don’t|never) {_WISH}{_REST}"
    rf"|\b(?:there is |there's )?no need (?:for|to) {_WISH}{_REST}"
    rf"|\b(?:instead of|rather than) {_WISH}"
    rf"|{_BEFORE}(?:not|no) (?:a |any |the |my )?(?:refund|ticket|human|person|agent|cancellation|exchange"
    rf"|replacement)\b"
    r"(?! (?:yet|received|came|come|arrived|here|has|was|on|for|so far|at|in)\b)",
    re.IGNORECASE,
)
#: Of another language there are the known words alone.
_NEGATED_WORDS = re.compile(
    r"(?:\b(?:want (?:no|not)|(?:do )?not want|please (?:no|not)|need (?:no|not)|(?:do )?not need)|^(?:no|not))"
    r"(?: (?:speak|talk|want|a|with|my))* (?:refund|cancel|person|human|boss person|ticket|return|exchange)\b"
    r"(?! (?:received|receive|arrived|yet|still|got|came)\b)",
    re.IGNORECASE,
)
_ASKS = re.compile(r"\?|\b(?:how|what|when|where|why|which|who)\b", re.IGNORECASE)
_LEFT = re.compile(r"^(?:\W|\b(?:but|and|just|only|please|so|i|want|instead|rather)\b)*")


def without_negated(text: str, *, worded: bool = False) -> str | None:
    """The message without what is not wanted; None when nothing else is in it. `worded`: it is the known words of a
    message in another language.
    """
    rest = (_NEGATED_WORDS if worded else _NEGATED).sub(" ", text)
    if rest == text:
        return text
    rest = " ".join(rest.split()).lstrip(" ,.;:!?-–")
    return rest if content_words(_LEFT.sub("", rest)) or _ASKS.search(rest) else None
