"""A step in which the Brain is asked, as a span and as numbers."""

from collections.abc import Awaitable
from typing import Literal

from orchestrator.effects.scope import TurnScope
from orchestrator.turn.inputs import Drafted, PlanFailed, PlanMade, PlanRejected, TurnInput
from orchestrator.turn.state import TurnState
from servicekit.telemetry.genai import asked_ourselves, failed, said, step, used

_RESULTS = {PlanMade: "ok", Drafted: "ok", PlanRejected: "rejected", PlanFailed: "failed"}


async def brain_call(
    name: Literal["plan", "generate"], asking: Awaitable[TurnInput], state: TurnState, scope: TurnScope
) -> TurnInput:
    """What `asking` brings; counted when a Brain was asked for it."""
    metrics, clock = scope.world.metrics, scope.world.clock
    started = clock.monotonic()
    with step(name, parent=state.traceparent, conversation=scope.conversation.id, turn=scope.turn_id) as current:
        found = await asking
        if not isinstance(found, PlanMade | PlanRejected | PlanFailed | Drafted):
            return found
        model = "" if isinstance(found, PlanFailed) else found.model
        result = _RESULTS[type(found)]
        metrics.brain_seconds.labels(name, result).observe(clock.monotonic() - started)
        metrics.count_usage(model, found.usage)
        if model == scope.world.offline.name:
            asked_ourselves(current, model)
        if not isinstance(found, PlanMade | Drafted):
            failed(current, found.reason)
        used(current, model=model, tokens_in=found.usage.tokens_in, tokens_out=found.usage.tokens_out)
        current.set_attribute("aiguy.result", result)
        said(current, asked=state.text, answered=_text(found))
    return found


def _text(found: PlanMade | PlanRejected | PlanFailed | Drafted) -> str:
    if isinstance(found, Drafted):
        return found.text
    return found.message.text if isinstance(found, PlanMade) and found.message is not None else ""
