"""What the loop needs from outside: a journal to read and append to, and a runner of effects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestrator.turn.effects import AskingEffect, Emit, Finish, WaitingEffect
from orchestrator.turn.inputs import TurnInput
from orchestrator.turn.state import TurnState


@dataclass(frozen=True, slots=True)
class Recorded:
    """An input with the time at which it was journalled (epoch milliseconds). `mark`: what had been decided, when it is
    the answer to an effect (`turn/decided.py`); only a replay reads it.
    """

    turn_input: TurnInput
    at_ms: int
    mark: str = ""


Closing = Finish | WaitingEffect


class JournalConflict(Exception):
    """Another worker has appended to this turn: stop, it goes on there."""


class TurnJournal(Protocol):
    """The journal of one turn."""

    async def load(self) -> Sequence[Recorded]:
        """All inputs of the turn, oldest first."""
        ...

    async def append(self, after: int, inputs: Sequence[Recorded], state: TurnState, closing: Closing | None) -> None:
        """Append durably behind the first `after` inputs (`inputs` may be empty). When the turn ends or starts to wait
        (`closing`), its record or its card is written in the same transaction.

        Raises JournalConflict when the turn has more inputs than `after`, or is closed already.
        """
        ...


class EffectRunner(Protocol):
    """The only door from the turn to the world."""

    def is_local(self, effect: AskingEffect) -> bool:
        """Whether the effect is pure computation, so that its input may be journalled together with its cause."""
        ...

    async def ask(self, effect: AskingEffect, state: TurnState) -> TurnInput:
        """Run an effect to its one input. Raises nothing for what can go wrong in the world."""
        ...

    async def tell(self, effect: Emit | Closing, state: TurnState) -> None:
        """Show something to the customer; idempotent, because it is told again after a crash."""
        ...
