"""A turn as it was recorded: its inputs, and what the rest of the database says that they led to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from contracts.turn import EndEvent
from orchestrator.journal.cards import Card
from orchestrator.turn.journal import Recorded


class Unreadable(StrEnum):
    """Why a turn cannot be replayed."""

    ERASED = "erased"
    KEY_MISSING = "key_missing"
    UNOPENED = "unopened"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Row:
    """What the turn's row says without being opened. `inputs`: how many entries its journal has."""

    inputs: int
    outcome: str | None
    model: str
    tokens_in: int
    tokens_out: int
    cost_micros: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is not what was written: which entry of the turn, from 1 (None: the end, or a card), and why."""

    entry: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Recording:
    """One turn. `unreadable` or `damage` say why there is nothing, or not all, in `inputs`.

    `end` is the event that closed its stream and `cards` what it asked people; tokens stand for personal data, and
    `held` says for what, where that was asked for.
    """

    turn_id: str
    conversation_id: str
    began: datetime
    status: str
    row: Row
    inputs: tuple[Recorded, ...] = ()
    end: EndEvent | None = None
    cards: tuple[Card, ...] = ()
    unreadable: Unreadable | None = None
    damage: Damage | None = None
    held: Mapping[str, str] = field(default_factory=dict)
