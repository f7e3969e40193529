"""CheckGuardrails: the guards on a finished answer, from what the turn observed."""

from collections.abc import Callable

from contracts.turn import Mark
from orchestrator.effects.checking import checker_of, grounds_of, is_foreign
from orchestrator.effects.draft import our_draft
from orchestrator.effects.judge import judged
from orchestrator.effects.scope import TurnScope, TurnView
from orchestrator.guard.answer import Phrases, check_answer, reason_of
from orchestrator.guard.output.rule import Rule
from orchestrator.turn.effects import CheckGuardrails
from orchestrator.turn.inputs import Guarded, TurnInput
from orchestrator.turn.state import TurnState


async def check_guardrails(effect: CheckGuardrails, state: TurnState, scope: TurnScope) -> TurnInput:
    """Guarded: the verdict and the text that may be shown."""
    view = scope.view(state)
    guarded = await _checked(effect, state, view, scope)
    if _misreads(guarded) and _acted(view):
        # Something was looked up or done, and the model told it wrongly: it is told in words of ours.
        guarded = await _told_by_us(guarded, state, view, scope)
    guarded = await judged(guarded, state, scope)
    metrics = scope.world.metrics
    metrics.guard.labels(guarded.verdict).inc()
    for reason in guarded.reasons:
        metrics.guard_reasons.labels(reason).inc()
    if guarded.refusal is not None:
        metrics.refusals.labels(guarded.refusal).inc()
    return guarded


async def _checked(effect: CheckGuardrails, state: TurnState, view: TurnView, scope: TurnScope) -> Guarded:
    grounds = await grounds_of(state, view, scope, foreign=bool(is_foreign(effect.text, view, scope)))
    say = (await scope.phrases(state)).say
    phrases = Phrases(
        unsupported=say("guard_unsupported"), withheld=say("guard_withheld"),
        nearest=say("guard_nearest", page="{page}"), source=say("guard_source", pages="{pages}"),
    )  # fmt: skip
    reveal = view.vault.reveal_orders
    text, marks = reveal(effect.text), _moved(effect.marks, effect.text, reveal)
    checker = checker_of(grounds, view, scope)
    return check_answer(text, effect.citations, marks, grounds, view.mask, phrases, scope.world.output, checker)


def _moved(marks: tuple[Mark, ...], text: str, reveal: Callable[[str], str]) -> tuple[Mark, ...]:
    """The marks at their places in the revealed text."""
    return tuple(one.model_copy(update={"offset": len(reveal(text[: one.offset]))}) for one in marks)


def _misreads(guarded: Guarded) -> bool:
    """Whether nothing of an answer had support, or it gave an order a state that it is not in: what is left of such an
    answer may be true and does not say what was asked.
    """
    if guarded.refusal is not None:
        return guarded.refusal == "unsupported"
    return reason_of(Rule.STATE) in guarded.reasons


def _acted(view: TurnView) -> bool:
    return any(one.output is not None and "passages" not in one.output for one in view.observations)


async def _told_by_us(guarded: Guarded, state: TurnState, view: TurnView, scope: TurnScope) -> Guarded:
    """The answer in words of ours, checked like any other; the refusal as it is when they do not hold either."""
    written = await our_draft(state, scope)
    if written is None:
        return guarded
    told = await _checked(CheckGuardrails(written.text, written.citations), state, view, scope)
    if told.verdict in ("refuse", "hand_over"):
        return guarded
    return told.model_copy(update={"verdict": "repair", "reasons": (*guarded.reasons, *told.reasons)})
