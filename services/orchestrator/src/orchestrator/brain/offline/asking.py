"""What kind of answer a question wants: a measure, a period, a price, a place, a yes or no, steps. And its parts."""

import re
from typing import Literal

from orchestrator.brain.sentences import content_words
from orchestrator.guard.support.facts import facts_of

Wanted = Literal["measure", "period", "price", "place", "permission", "steps", "any"]

_PERIOD = re.compile(
    r"\b(?:how (?:long|soon|fast|quick\w*|late|often|old)|how many (?:days|weeks|months|hours|years)|when"
    r"|by when|what time|until when|deadline|opening hours|sla|days)\b",
    re.IGNORECASE,
)
_LENGTHS = r"(?:cm|inch(?:es)?|feet|metres?|meters?)"
_MEASURE = re.compile(
    rf"\bhow (?:heavy|tall|wide|deep|thick|high)\b|\bhow (?:big|large|long) (?:is|are)\b.{{0,60}}\b{_LENGTHS}\b"
    r"|\bhow much (?:do|does|did)\b.{0,40}\bweigh\b|\bwhat (?:is|are)\b.{0,40}\b(?:weight|dimensions?|measurements?)\b"
    r"|\bhow many (?:kg|kilos?|lbs?|pounds|inches|cm|lit(?:er|re)s?|watts?)\b",
    re.IGNORECASE,
)
_A_MEASURE = re.compile(
    r"\d\s?(?:kg|g|lbs?|pounds|oz|mm|cm|m|metres?|meters?|inch(?:es)?|feet|ft|lit(?:er|re)s?|l|ml|watts?|W|Wh)\b"
)
_PRICE = re.compile(
    r"\b(?:how much|what does .* cost|costs?|price|fee|charge|expensive|free|who pays|cheap\w*)\b", re.I
)
_WHERE = re.compile(r"\b(?:where|which (?:countries|country|places?|store)|what address|located)\b", re.IGNORECASE)
_HOW = re.compile(
    r"\b(?:how (?:do|can|should|would|to)|what (?:do i do|should i do|now)|steps?|help me)\b", re.IGNORECASE
)
_ALLOWED = re.compile(
    r"^\W*(?:can|could|may|do|does|is|are|am|will|would|must|should|have|has)\b|\b(?:allowed|possible)\b", re.IGNORECASE
)
_TIMES = frozenset({"hour", "month", "workday", "date", "time"})
_MONEY = frozenset({"USD", "EUR", "GBP", "CAD", "CHF", "%", "cent"})
_MAY = re.compile(
    r"\b(?:you (?:\w+ )?(?:can|cannot|can't|may|must|need)"
    r"|we (?:\w+ )?(?:accept|offer|ship|sell|do not|don't|cannot|can't|can)"
    r"|never|only|yes|always|allowed|possible|free|available)\b",
    re.I,
)
_PLACE = re.compile(
    r"\b(?:in|at|from|to|under|on) (?:our |the |\*\*)?[A-Z]\w+|https?://|\bpage\b|\baddress\b|\bopen \*\*",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"^\s*(?:\d+[.)]\s)|\b(?:open|choose|click|sign in|enter|send|tell|ask|bring|print|select|go to|write)\b", re.I
)
_PART = re.compile(
    r"(?<=[?.!])\s+|[,;]?\s+(?:and|also|plus|&|\+)\s+(?:also\s+)?"
    r"(?=(?:(?:what|how|where|who)(?:'?s)?|when|can|could|do|does|is|are|which|will|may)\b)",
    re.I,
)
_ASKS = re.compile(
    r"\W*(?:(?:and|also|plus|but|so|oh|then|btw|another (?:thing|question))\W+){0,2}"
    r"(?:(?:what|how|where|who)(?:'?s)?|when|which|whose|why|can|could|do|does|did|is|are|am|was|were|will|would|may|must|should"
    r"|shall|has|have)\b",
    re.IGNORECASE,
)
MAX_PARTS = 2


def parts_of(question: str) -> list[str]:
    """The question's parts, at most two, when each is a question of its own; what is told before one belongs to it."""
    found = [part.strip() for part in _PART.split(question) if part and len(part.split()) >= 3]
    if len(found) < MAX_PARTS or not all(is_asking(part) and content_words(part) for part in found):
        return [question]
    return found[:MAX_PARTS]


def is_asking(text: str) -> bool:
    """Whether a sentence asks something, rather than tells what a question is about."""
    return text.rstrip().endswith("?") or _ASKS.match(text) is not None


def wanted_by(question: str) -> Wanted:
    """The kind of answer that the question asks for."""
    kinds: tuple[tuple[Wanted, re.Pattern[str]], ...] = (
        ("measure", _MEASURE), ("period", _PERIOD), ("price", _PRICE), ("place", _WHERE), ("steps", _HOW),
        ("permission", _ALLOWED),
    )  # fmt: skip
    return next((kind for kind, pattern in kinds if pattern.search(question)), "any")


def has_kind(text: str, wanted: Wanted) -> bool:
    """Whether a sentence holds what such a question asks for."""
    match wanted:
        case "period":
            return any(fact.kind in _TIMES for fact in facts_of(text, names=False))
        case "measure":
            return _A_MEASURE.search(text) is not None
        case "price":
            return "free" in text.lower() or any(fact.kind in _MONEY for fact in facts_of(text, names=False))
        case "place":
            return _PLACE.search(text) is not None
        case "permission":
            return _MAY.search(text) is not None
        case "steps":
            return _STEP.search(text) is not None
        case "any":
            return False
