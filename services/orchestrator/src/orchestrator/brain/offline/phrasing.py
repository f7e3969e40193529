"""The sentences of the offline Brain, filled with facts."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.ids import mask_id
from contracts.money import Money
from orchestrator.brain.policy_files import read_policy
from servicekit.privacy.tokens import TOKEN

TRANSLATED = ("de", "fr", "es", "it", "nl")
_ROW = re.compile(r"^\|\s*(.*?)\s*\|$", re.MULTILINE)


class Phrases:
    """`policy/phrases.yaml`; in another language what `policy/languages/` has of it."""

    def __init__(self, language: str = "en") -> None:
        policy = read_policy("phrases")
        other = read_policy(f"languages/{language}") if language != "en" else {"phrases": {}, "states": {}}
        texts: Mapping[str, Any] = policy["phrases"] | other["phrases"]
        self.language = language
        self._texts: Mapping[str, str] = {key: str(text).strip() for key, text in texts.items()}
        self._states: Mapping[str, str] = policy["states"] | other["states"]
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


def phrases_by_language() -> Mapping[str, Phrases]:
    """The phrases of every language that we have; English stands for `other`."""
    english = Phrases()
    return {"en": english, "other": english} | {one: Phrases(one) for one in TRANSLATED}


def shown_extract(text: str) -> str:
    """A quoted span as it is shown: rows of a table as a list, the rest as it stands."""
    return _ROW.sub(lambda row: "- " + ", ".join(cell.strip() for cell in row[1].split("|")), text)


def shown_id(identifier: Any) -> str:
    """An order number as it may stand in an answer; its token is shortened where it is shown."""
    return str(identifier) if TOKEN.fullmatch(str(identifier)) else mask_id(str(identifier))


def shown_money(value: Mapping[str, Any]) -> str:
    """An amount as in a sentence: `50.00 USD`."""
    return str(Money(amount_minor=value["amount_minor"], currency=value["currency"]))


def shown_day(moment: str, now: datetime, language: str = "en") -> str:
    """A moment as a day near `now`: `today`, `tomorrow`, `on Monday 23 November`; `2026-11-23` elsewhere. UTC."""
    when = datetime.fromisoformat(moment)
    if language != "en":
        return f"{when:%Y-%m-%d}"
    days = (when.date() - now.date()).days
    if days in (-1, 0, 1):
        return ("yesterday", "today", "tomorrow")[days + 1]
    year = "" if when.year == now.year else f" {when.year}"
    return f"on {when:%A} {when.day} {when:%B}{year}"


def shown_time(moment: str, now: datetime, language: str = "en") -> str:
    """As `shown_day`, with the hour for what is due soon: `by 14:30 UTC today`."""
    when = datetime.fromisoformat(moment)
    if language != "en":
        return f"{when:%Y-%m-%d %H:%M} UTC"
    return f"by {when:%H:%M} UTC {shown_day(moment, now)}"
