"""The customer's own stop: what it ends, and what it leaves alone.

Nothing that is changed is broken off, and what came of a change is always told: from the moment that a write is called
the turn goes to its end, as does one that hands over or says a phrase of ours anyway. What waits for staff is theirs.
"""

from dataclasses import replace

from contracts.turn import Outcome
from orchestrator.turn import steps, waiting
from orchestrator.turn.inputs import ConfirmationDecided
from orchestrator.turn.state import Phase, TurnState
from orchestrator.turn.steps import Step

STOPPED = "stopped"
_ENDS = frozenset({Phase.PLAN, Phase.PREVIEW, Phase.DRAFT, Phase.GUARDRAIL, Phase.WAIT_CONFIRMATION})
_ENDS_READS = frozenset({Phase.EXECUTE_TOOL, Phase.WAIT_CALLBACK})


def may_stop(state: TurnState) -> bool:
    """Whether a stop ends the turn now."""
    if state.said or state.registered is not None or any(one.call.write for one in state.observed):
        return False
    return state.phase in _ENDS or (state.phase in _ENDS_READS and not steps.required(state.call).write)


def stop(state: TurnState, now_ms: int) -> Step:
    """End with a few words of ours; an open card counts as declined. A stop that comes too late changes nothing."""
    if not may_stop(state):
        return Step(state)
    if state.phase is Phase.WAIT_CONFIRMATION and state.preview is not None:
        declined = ConfirmationDecided(digest=state.preview.digest, confirmed=False)
        return waiting.confirmation(state, declined, now_ms)
    if state.waiting:
        state = steps.resume(state, now_ms)
    return steps.say(replace(state, call=None, preview=None), STOPPED, Outcome.STOPPED)
