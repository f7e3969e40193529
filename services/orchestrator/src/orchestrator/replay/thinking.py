"""A turn's mind in a fork: the engine's own effects that compute, and a Brain; all others have nobody to ask."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from orchestrator.effects.call_planner import call_planner
from orchestrator.effects.check_guardrails import check_guardrails
from orchestrator.effects.draft import draft, say_phrase
from orchestrator.effects.scope import TurnScope
from orchestrator.effects.telling import Teller
from orchestrator.replay.forking import Open
from orchestrator.turn.effects import (
    CallPlanner,
    CallTool,
    CheckGuardrails,
    Draft,
    HandOff,
    PreviewEffect,
    SayPhrase,
)
from orchestrator.turn.inputs import TurnInput
from orchestrator.turn.state import TurnState


@dataclass(slots=True)
class TurnClock:
    """The fork's own time: that of the recorded turn. `at_ms`: epoch milliseconds."""

    at_ms: int = 0

    def now(self) -> datetime:
        """The time in the turn, in UTC."""
        return datetime.fromtimestamp(self.at_ms / 1000, UTC)

    def monotonic(self) -> float:
        """Seconds of the turn's time."""
        return self.at_ms / 1000


class Unheard(Teller):
    """Nobody reads along."""

    async def chunk(self, state: TurnState, text: str, offset: int) -> None:
        """It is said to no one."""


@dataclass(slots=True)
class Thinking:
    """Of one fork of one turn. `plans`: its Brain may be asked; the offline one is where a turn has lost its own."""

    scope: TurnScope
    clock: TurnClock
    plans: bool

    async def answer(self, one: Open) -> TurnInput | None:
        """See `Mind.answer`."""
        self.clock.at_ms = one.at_ms
        effect, state, scope = one.effect, one.state, self.scope
        match effect:
            case CallPlanner():
                if not self.plans and not effect.degraded:
                    return None
                return await call_planner(effect, state, scope, Unheard(scope))
            case Draft():
                return await draft(state, scope, Unheard(scope)) if self.plans else None
            case SayPhrase():
                return await say_phrase(effect, state, scope)
            case CheckGuardrails():
                return await check_guardrails(effect, state, scope)
            case CallTool() | PreviewEffect() | HandOff():
                return None
            case _:
                assert_never(effect)
