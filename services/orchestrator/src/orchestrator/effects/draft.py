"""Draft and SayPhrase: the answer, written by the stronger model or taken from phrases of ours."""

from contracts.turn import Role
from orchestrator.brain.port import BrainError, Draft
from orchestrator.effects.checking import gate_of
from orchestrator.effects.scope import TurnScope
from orchestrator.effects.telling import Teller
from orchestrator.turn.effects import SayPhrase
from orchestrator.turn.inputs import Drafted, PlanFailed, TurnInput
from orchestrator.turn.machine import REFUSED_INPUT
from orchestrator.turn.state import TurnState


async def draft(state: TurnState, scope: TurnScope, teller: Teller) -> TurnInput:
    """Drafted by the writer model, or PlanFailed when it did not answer."""
    view = scope.view(state)
    context = await scope.brain_context(state, view, tools=())
    gate = await gate_of(state, view, scope, teller)
    try:
        written = await scope.world.brain_at(state.budgets.level).draft(context, gate)
    except BrainError as error:
        scope.world.metrics.failed.labels(error.kind).inc()
        return PlanFailed(reason=error.kind, usage=error.usage)
    await gate.finish(written.text)
    return Drafted(
        text=written.text, citations=written.citations, marks=written.marks, usage=written.usage, model=written.model,
        refuses=written.refuses, answers=written.answers, streamed=gate.complete,
    )  # fmt: skip


async def say_phrase(effect: SayPhrase, state: TurnState, scope: TurnScope) -> TurnInput:
    """Drafted from the phrase book; what a failed tool means is worded by the offline policy, which knows the tools."""
    if effect.key == REFUSED_INPUT:
        return Drafted(text=await _refusal(state, scope), model="phrases")
    if effect.key != "tool_failed":
        return Drafted(text=(await scope.phrases(state)).say(effect.key), model="phrases")
    written = await our_draft(state, scope)
    if written is None:
        return Drafted(text=(await scope.phrases(state)).say("tool_failed"), model="phrases")
    return Drafted(text=written.text, citations=written.citations, model=written.model)


async def _refusal(state: TurnState, scope: TurnScope) -> str:
    """What is said to a message that no model reads: after some of them, that such messages get no answer."""
    history = (await scope.remembered()).history
    before = sum(one.role is not Role.CUSTOMER and one.text in scope.world.phrases.refusals() for one in history)
    many = before + 1 > scope.world.most_refusals
    return (await scope.phrases(state)).say("input_closed" if many else REFUSED_INPUT)


async def our_draft(state: TurnState, scope: TurnScope) -> Draft | None:
    """The answer as the offline policy words it, masked, shown to nobody yet; None when it cannot."""
    context = await scope.brain_context(state, scope.view(state), tools=())
    try:
        return await scope.world.offline.draft(context, _unheard)
    except BrainError as error:
        scope.world.metrics.failed.labels(error.kind).inc()
        return None


async def _unheard(_text: str) -> None:
    """It is shown at once when the guard has passed it."""
