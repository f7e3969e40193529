"""CheckGuardrails: the guards on a finished answer, from what the turn observed."""

from collections.abc import Callable
from typing import Any

from contracts.turn import Mark, Role
from orchestrator.effects.draft import our_draft
from orchestrator.effects.scope import TurnScope, TurnView
from orchestrator.guard.answer import Grounds, Phrases, check_answer
from orchestrator.turn.effects import CheckGuardrails
from orchestrator.turn.inputs import Guarded, TurnInput
from orchestrator.turn.state import TurnState


async def check_guardrails(effect: CheckGuardrails, state: TurnState, scope: TurnScope) -> TurnInput:
    """Guarded: the verdict and the text that may be shown."""
    view = scope.view(state)
    guarded = await _checked(effect, state, view, scope)
    if guarded.refusal == "unsupported" and _acted(view):
        # Something was looked up or done, and the model told it wrongly: it is told in words of ours.
        guarded = await _told_by_us(guarded, state, view, scope)
    metrics = scope.world.metrics
    metrics.guard.labels(guarded.verdict).inc()
    for reason in guarded.reasons:
        metrics.guard_reasons.labels(reason).inc()
    if guarded.refusal is not None:
        metrics.refusals.labels(guarded.refusal).inc()
    return guarded


async def _checked(effect: CheckGuardrails, state: TurnState, view: TurnView, scope: TurnScope) -> Guarded:
    remembered = await scope.remembered()
    # Order numbers are compared by their last four characters, as an answer has them; other tokens stay.
    reveal = view.vault.reveal_orders
    outputs = [view.vault.reveal_orders_in(one.output) for one in view.observations if one.output is not None]
    language = await scope.language(state)
    topics = scope.world.topics.get(language)
    asked = [one.text for one in remembered.history if one.role is Role.CUSTOMER]
    grounds = Grounds(
        outputs=outputs, foreign=_is_foreign(effect.text, outputs, scope),
        claims=topics.knows if topics is not None else _any_claim, business=scope.world.standing.business,
        ours=scope.world.standing.is_ours,
        said=(*(one.text for one in remembered.history if one.role is not Role.CUSTOMER), *scope.world.gateway.notes()),
        asked=tuple(map(reveal, (view.question, *asked))),
    )  # fmt: skip
    say = (await scope.phrases(state)).say
    phrases = Phrases(
        unsupported=say("guard_unsupported"), withheld=say("guard_withheld"),
        nearest=say("guard_nearest", page="{page}"), source=say("guard_source", pages="{pages}"),
    )  # fmt: skip
    text, marks = reveal(effect.text), _moved(effect.marks, effect.text, reveal)
    return check_answer(text, effect.citations, marks, grounds, view.mask, phrases)


def _moved(marks: tuple[Mark, ...], text: str, reveal: Callable[[str], str]) -> tuple[Mark, ...]:
    """The marks at their places in the revealed text."""
    return tuple(one.model_copy(update={"offset": len(reveal(text[: one.offset]))}) for one in marks)


def _is_foreign(text: str, outputs: list[dict[str, Any]], scope: TurnScope) -> bool:
    """Whether the answer is in another language than what it rests on, so that words cannot be compared."""
    detect = scope.world.languages.detect
    spoken = detect(text)
    if spoken is None:
        return False
    pages = " ".join(str(one["text"])[:400] for output in outputs for one in output.get("passages", ())[:2])
    return spoken != (detect(pages) or "en")


def _any_claim(_text: str) -> bool:
    """In a language that we know nothing of, every sentence may be a claim."""
    return True


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
