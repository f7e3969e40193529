"""The runner: dispatches each effect of a turn to its file. The turn's only door to the world."""

from typing import assert_never

from orchestrator.effects.brain_call import brain_call
from orchestrator.effects.call_planner import call_planner
from orchestrator.effects.call_tool import call_tool, preview_effect
from orchestrator.effects.check_guardrails import check_guardrails
from orchestrator.effects.draft import draft, say_phrase
from orchestrator.effects.hand_off import hand_off
from orchestrator.effects.scope import TurnScope
from orchestrator.effects.telling import Teller
from orchestrator.effects.turn_line import log_turn
from orchestrator.turn.effects import (
    AskingEffect,
    CallPlanner,
    CallTool,
    CheckGuardrails,
    Draft,
    Emit,
    Finish,
    HandOff,
    PreviewEffect,
    SayPhrase,
)
from orchestrator.turn.inputs import TurnInput
from orchestrator.turn.journal import Closing
from orchestrator.turn.state import TurnState
from servicekit.telemetry import working_for


class Runner:
    """Runs the effects of one turn (`turn/journal.py`'s EffectRunner). `asked_s` are the seconds that models and tools
    took so far, and whatever else was asked of others.
    """

    def __init__(self, scope: TurnScope) -> None:
        self._scope = scope
        self.asked_s = 0.0
        self._teller = Teller(scope)

    def is_local(self, effect: AskingEffect) -> bool:
        """Guards and phrases compute; everything else touches the world."""
        return isinstance(effect, CheckGuardrails | SayPhrase)

    async def ask(self, effect: AskingEffect, state: TurnState) -> TurnInput:
        """Run an effect to its one input, for the request that brought the message."""
        with working_for(self._scope.request_id, state.traceparent):
            await self._scope.ready()
            if self.is_local(effect):
                return await self._ask(effect, state)
            clock = self._scope.world.clock
            began = clock.monotonic()
            try:
                return await self._ask(effect, state)
            finally:
                self.asked_s += clock.monotonic() - began

    async def _ask(self, effect: AskingEffect, state: TurnState) -> TurnInput:
        scope = self._scope
        match effect:
            case CallPlanner():
                return await brain_call("plan", call_planner(effect, state, scope, self._teller), state, scope)
            case Draft():
                return await brain_call("generate", draft(state, scope, self._teller), state, scope)
            case SayPhrase():
                return await say_phrase(effect, state, scope)
            case CallTool():
                return await call_tool(effect, state, scope)
            case PreviewEffect():
                return await preview_effect(effect, state, scope)
            case CheckGuardrails():
                return await check_guardrails(effect, state, scope)
            case HandOff():
                return await hand_off(effect, state, scope)
            case _:
                assert_never(effect)

    async def tell(self, effect: Emit | Closing, state: TurnState) -> None:
        """Show something; the end of a turn is also remembered and counted."""
        await self._scope.ready()
        self._teller.tell(effect, state)
        if isinstance(effect, Finish):
            await self._ended(effect, state)

    async def _ended(self, finish: Finish, state: TurnState) -> None:
        scope, metrics = self._scope, self._scope.world.metrics
        await scope.remember(state.text, finish.text, [one.call.same_as for one in state.observed])
        metrics.ended.labels(finish.outcome.value, state.channel).inc()
        metrics.seconds.labels(str(len(state.observed))).observe(state.worked_ms(scope.now_ms()) / 1000)
        await log_turn(finish, state, scope)
