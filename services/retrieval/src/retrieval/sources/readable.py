"""Text as a person sees it: control characters and characters that nobody can see are taken out.

Invisible ones can carry orders to a model that the author of the page never saw: Unicode's tag characters spell ASCII,
and the marks of direction show a line in another order than it is read.
"""

import re

_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
#: Zero width joiners (200c, 200d) stay: Persian and emoji need them.
_UNSEEN = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
)
_UNSEEN_FAR = r"\U000e0000-\U000e0fff"
#: Half of a surrogate pair cannot be written to a database.
_HALVES = r"\ud800-\udfff"
_REMOVED = re.compile(f"[{_CONTROL}{_UNSEEN}{_UNSEEN_FAR}{_HALVES}\ufffe\uffff]+")
_BREAKS = re.compile(r"\r\n?|[\x85\u2028\u2029]")


def readable(text: str) -> str:
    """`text` without what cannot be seen, with `\\n` as the only line break."""
    return _REMOVED.sub("", _BREAKS.sub("\n", text))


def one_line(text: str) -> str:
    """The same in one line, with single spaces."""
    return " ".join(readable(text).split())
