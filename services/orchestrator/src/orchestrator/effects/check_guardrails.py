"""CheckGuardrails: the guards on a finished answer, from what the turn observed. Pure computation."""

from orchestrator.effects.scope import TurnScope
from orchestrator.guard.answer import Phrases, check_answer
from orchestrator.guard.masking import IdMask, known_ids
from orchestrator.turn.effects import CheckGuardrails
from orchestrator.turn.inputs import TurnInput
from orchestrator.turn.state import TurnState


def check_guardrails(effect: CheckGuardrails, state: TurnState, scope: TurnScope) -> TurnInput:
    """Guarded: the verdict and the text that may be shown."""
    view = scope.view(state)
    outputs = [one.output for one in state.observed if one.output is not None]
    phrases = Phrases(
        unsupported=scope.world.phrases.say("guard_unsupported"), withheld=scope.world.phrases.say("guard_withheld")
    )
    mask = IdMask(known_ids(part for one in state.observed for part in (one.call.arguments, one.output)))
    guarded = check_answer(effect.text, effect.citations, outputs, view.vault, mask, phrases)
    scope.world.metrics.guard.labels(guarded.verdict).inc()
    return guarded
