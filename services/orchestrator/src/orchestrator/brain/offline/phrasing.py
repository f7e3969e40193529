"""The sentences of the offline Brain, filled with facts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.ids import mask_id
from contracts.money import Money
from orchestrator.brain.policy_files import read_policy


class Phrases:
    """`policy/phrases.yaml`."""

    def __init__(self) -> None:
        policy = read_policy("phrases")
        self._texts: Mapping[str, str] = {key: str(text).strip() for key, text in policy["phrases"].items()}
        self._states: Mapping[str, str] = policy["states"]
        self._subjects: Mapping[str, str] = policy["tickets"]

    def say(self, key: str, **facts: str) -> str:
        """The phrase with its facts. Raises `KeyError` for a phrase or a fact that is not there."""
        return self._texts[key].format(**facts)

    def all_texts(self) -> tuple[str, ...]:
        """Every phrase, its places unfilled."""
        return tuple(self._texts.values())

    def has(self, key: str) -> bool:
        """Whether there is such a phrase."""
        return key in self._texts

    def state(self, status: str) -> str:
        """An order's state as the end of a sentence."""
        return self._states.get(status, f"is {status.replace('_', ' ')}")

    def subject(self, category: str) -> str:
        """The subject of a ticket of that category."""
        return self._subjects[category]


def shown_id(identifier: Any) -> str:
    """An order number as it may stand in an answer."""
    return mask_id(str(identifier))


def shown_money(value: Mapping[str, Any]) -> str:
    """An amount as in a sentence: `50.00 USD`."""
    return str(Money(amount_minor=value["amount_minor"], currency=value["currency"]))


def shown_day(moment: str, now: datetime) -> str:
    """A moment as a day near `now`: `today`, `tomorrow`, `on Monday 23 November`. UTC."""
    when = datetime.fromisoformat(moment)
    days = (when.date() - now.date()).days
    if days in (-1, 0, 1):
        return ("yesterday", "today", "tomorrow")[days + 1]
    year = "" if when.year == now.year else f" {when.year}"
    return f"on {when:%A} {when.day} {when:%B}{year}"


def shown_time(moment: str, now: datetime) -> str:
    """As `shown_day`, with the hour for what is due soon: `by 14:30 UTC today`."""
    when = datetime.fromisoformat(moment)
    return f"by {when:%H:%M} UTC {shown_day(moment, now)}"
