"""What is said before the matter itself: "ok thanks", "yes", "no". It is cut off where a wish follows it."""

import re

from orchestrator.brain.offline.asking import is_asking
from orchestrator.brain.offline.slots import read_slots
from orchestrator.brain.sentences import content_words

_END = r"(?:[\s,.!;:…–-]+|$)"
_FOR = r"(?: for (?:(?!\b(?:and|but|or|now)\b)[^.,!?;:\n]){1,60}?(?=[.,!?;:\n]|$|\s+(?:and|but|or|now)\b))?"
_THANKS = re.compile(
    r"^\W*(?:no |and |many |lots of |big )*(?:thanks?|thank (?:you|u)|thx|thnx|cheers|ty)\b"
    r"(?: (?:you|so much|very much|a lot|a million|again|anyway|though|then|mate|guys|all|everyone|in advance|to you))*"
    rf"{_FOR}{_END}",
    re.IGNORECASE,
)
_FINE = re.compile(
    r"^\W*(?:ok(?:ay)?|kk?|alright|all right|great|perfect|awesome|excellent|wonderful|understood|got it|i see|oh"
    r"|ah|hm+)\b(?! (?:morning|afternoon|evening|day|quality|product)\b)"
    rf"{_END}",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"^\W*(?:(?:yes|yeah|yep|yup|sure)(?: please)?|no|nope|nah)\b"
    rf"(?:[,.!;:…–-]+{_END}|\s+(?=(?:and|but|i|we|what|how|when|where|why|which|who|can|could|is|are|please)\b)|$)",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(
    rf"^\W*(?:just |only )?(?:one|another) (?:more |last |other |quick |small )*(?:thing|question|matter){_END}",
    re.IGNORECASE,
)
#: Of another language there are the known words alone, and nothing between them.
_ANSWER_WORDS = re.compile(
    r"^\W*(?:(?:yes|yeah|yep|yup|sure)(?: please)?|no|nope|nah)\b"
    r"(?! (?:idea|order|parcel|news|invoice|refund|money|answer))\W*",
    re.IGNORECASE,
)
#: What ends a talk, or praises.
_KIND = re.compile(
    r"^\W*(?:and |but |also )?(?:(?:have|wish)\b.{0,20}\b(?:day|evening|night|weekend|one|week|time|holidays?)"
    r"|(?:nice|good|great|lovely) (?:day|evening|night|weekend|one)|(?:good ?)?bye|take care|see (?:you|ya)"
    r"|(?:kind |best )?regards|how (?:nice|kind|lovely|quick|great|sweet|good|fast)\b|what an? \w+)",
    re.IGNORECASE,
)
#: "Thank the packers, but the zip is broken": what comes after the praise is the matter.
_PRAISE_BUT = re.compile(
    r"^\W*(?:please )?(?:thank|praise|compliments?|kudos)\b[^.!?]*?\bbut\b(?P<rest>.+)$", re.IGNORECASE | re.S
)
_DONE = re.compile(r"\b(?:all|what|everything|exactly what)(?: that)? (?:i|we) (?:need|want|wanted|needed)\b", re.I)
_WANTS = re.compile(
    r"\b(?:i|we)(?:'d| would| do| also| really| just| still)? (?:want|need|like to|wanna|have to|must)\b"
    r"|\bplease\b|\b(?:can|could|would|will) (?:you|i|u)\b"
    r"|^\W*(?:and |but |also |so |then |now |please |just )*(?:how|what|when|where|why|which|who|whose|cancel|refund"
    r"|return|change|delete|send|give|show|open|tell|track|stop|call|check|find|look|get|put|is|are|do|does|did|has|have)\b",
    re.IGNORECASE,
)
_ASKS_FOR = re.compile(r"\b(?:how|what|when|where|why|which|who)\b", re.IGNORECASE)
_GOES_ON = re.compile(r"^\W*(?:and|but|also|what about|how about|except|only)\b", re.IGNORECASE)
#: What adds nothing to a yes or a no.
_SAYS_NO_MORE = content_words(
    "good fine need moment now worry worries problem sorry today later necessary ok okay thanks that all really nothing"
    " else way never mind forget leave do go ahead correct right sure rather course exactly absolutely please great"
    " perfect it"
)  # fmt: skip
#: Words in which somebody takes leave or says that they were helped, as the dictionaries of other languages give them.
_KIND_WORDS = content_words(
    "have a nice good great day evening weekend still helped helps help hello bye thanks yes please very everything"
    " ok fine perfect great super nice quick fast answer reply support service friendly greetings"
) | _SAYS_NO_MORE  # fmt: skip


def wish_behind(text: str, *, worded: bool = False) -> str:
    """What follows the courtesies at the beginning of a message, when it wants something; else "". `worded`: it is the
    known words of a message in another language, without what stood between them.
    """
    if (praise := _PRAISE_BUT.match(text)) is not None and content_words(praise["rest"]) - _KIND_WORDS:
        return praise["rest"].strip()
    rest = text
    while (found := _courtesy(rest, worded=worded)) is not None:
        rest = rest[found.end() :]
    if rest == text or not rest.strip() or _KIND.match(rest) or _DONE.search(rest):
        return ""
    return rest if _wants(rest, worded=worded) else ""


def is_only_thanks(text: str) -> bool:
    """Whether somebody says thanks, and with it only what is kind."""
    found = _FINE.match(text)
    while found and found.end() and not _THANKS.match(text):
        text = text[found.end() :]
        found = _FINE.match(text)
    thanks = _THANKS.match(text)
    if thanks is None or not thanks.end():
        return False
    rest = text[thanks.end() :]
    return bool(_KIND.match(rest)) or not content_words(rest) - _KIND_WORDS


def is_only_answer(text: str) -> bool:
    """Whether a yes or a no stands alone, or with words that add nothing to it."""
    return not content_words(_ANSWER_WORDS.sub("", text)) - _SAYS_NO_MORE


def _courtesy(text: str, *, worded: bool) -> re.Match[str] | None:
    found = _THANKS.match(text) or _FINE.match(text) or (_ANSWER_WORDS if worded else _ANSWER).match(text)
    found = found or _LEAD_IN.match(text)
    return found if found and found.end() else None


def _wants(rest: str, *, worded: bool) -> bool:
    if worded and (content_words(rest) - _KIND_WORDS or _ASKS_FOR.search(rest)):
        return True
    if read_slots(rest).names_something:
        return True
    if (_WANTS.search(rest) or is_asking(rest)) and (
        "?" in rest or _ASKS_FOR.search(rest) or content_words(rest) - _KIND_WORDS
    ):
        return True
    return _GOES_ON.match(rest) is not None and bool(content_words(rest) - _KIND_WORDS)
