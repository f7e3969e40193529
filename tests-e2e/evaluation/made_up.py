"""Runs that nobody held, to try the judging on."""

from typing import Any

from evalbench.case import Case, Said
from evalbench.checking import Finding
from evalbench.effects import Happened
from evalbench.playing import Answer, Played, Source
from evalbench.running import Tried

PAGES = {"returns": "You can return it within 30 days of delivery.", "care": "Dry the pan at once."}


def case(**changes: Any) -> Case:
    """A case of one turn; keys of the turn and of the case may be changed."""
    row: dict[str, Any] = {"id": "made-up", "category": "faq", "tier": "low"}
    turn: dict[str, Any] = {"says": "May I return it?", "outcome": ["answered"]}
    for key, value in changes.items():
        (turn if key in Said.model_fields else row)[key] = value
    return Case.model_validate({"turns": [turn], **row})


def played(one: Case, text: str = "Within 30 days.", **changes: Any) -> Played:
    """A run of it that ended with this text."""
    effects = changes.pop("effects", Happened())
    broke = changes.pop("broke", "")
    answer = {"ending": "answered", "text": text, "streamed": text, **changes}
    return Played(one, (Answer(one.turns[0], **answer),), effects, {"order": "QZ000123", "tail": "0123"}, "cnv", broke)


def source(quote: str, page: str = "returns") -> Source:
    """A source of an answer."""
    return Source(page, page.title(), quote)


def tried(name: str, *runs: list[Finding], ending: str = "answered", tier: str = "low", seconds: float = 1.0) -> Tried:
    """A case with so many runs, each with what was wrong with it."""
    one = case(id=name, tier=tier)
    return Tried(one, [played(one, ending=ending, seconds=seconds) for _ in runs], list(runs))
