"""The parts of a message that each want something."""

import re

from orchestrator.brain.offline.asking import is_asking
from orchestrator.brain.offline.courtesy import wish_behind
from orchestrator.brain.offline.rules import is_courtesy
from orchestrator.brain.offline.slots import read_slots
from orchestrator.brain.offline.wishes import FILLERS
from orchestrator.brain.sentences import content_words

_TWO, _MOST = 2, 4
_CLAUSE = re.compile(
    r"(?<=[?.!])\s+|[,;]?\s+(?:and|also|plus|&|\+)\s+(?:also\s+)?"
    r"(?=(?:(?:what|how|where|who)(?:'?s)?|when|can|could|do|does|is|are|which|please|send|give|refund|cancel|tell)\b)",
    re.IGNORECASE,
)
#: "Whats the return window, who pays postage": but "when I pay by card, how long …" is one question.
_COMMA = re.compile(r",\s+(?=(?:(?:what|how|where|who)(?:'?s)?|(?:can|may) i|do you|is there)\b)", re.IGNORECASE)
_CONDITION = re.compile(r"^\W*(?:if|when|once|after|as|since|because|in case|before)\b", re.IGNORECASE)
#: What comes before an "also" was a wish too, if it is worded like none: "I forgot my password. Also, how do I …".
_ALSO = re.compile(r"^\W*(?:and )?(?:also|plus|another (?:thing|question)|second(?:ly)?|one more)\b", re.IGNORECASE)
_WISH = re.compile(
    r"\W*(?:i(?:'d| would)? (?:want|need|like|have to)|please|send|give|show|tell|refund|cancel|change|open|create"
    r"|track|get|let|check|find|look)\b",
    re.IGNORECASE,
)


def clauses_of(text: str) -> list[str]:
    """The parts of a message that each want something. What is told before or after a single question belongs to it."""
    parts = [one for part in _CLAUSE.split(text) if part and part.strip() for one in _at_commas(part.strip())]
    parts = [wish_behind(part) or part for part in parts]
    telling = [part for part in parts if not is_courtesy(part)]
    wishes = [part for part in telling if asks_something(part) or _WISH.match(part) or read_slots(part).names_something]
    if len(wishes) < _TWO and not any(goes_beyond(part) for part in telling[1:]):
        return [" ".join(telling)] if telling else parts[:1] or [text]
    return parts[:_MOST]


def goes_beyond(part: str) -> bool:
    """Whether a part says that what came before it was a wish of its own: "also, …"."""
    return _ALSO.match(part) is not None


def asks_something(part: str) -> bool:
    """Whether a part of a message is a question of its own: "the number?" is not."""
    return is_asking(part) and len(part.split()) > 2 and bool(content_words(part) - FILLERS)


def _at_commas(part: str) -> list[str]:
    """The questions that only a comma divides."""
    found = _COMMA.split(part)
    return found if all(map(asks_something, found)) and not _CONDITION.match(part) else [part]
