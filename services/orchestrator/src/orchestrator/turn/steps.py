"""The steps that several phases take: each says what the turn does next, and in which phase it is then."""

from dataclasses import dataclass, replace

from contracts.tools.tickets import HandoffReason
from contracts.turn import Answering, Citation, Outcome, StatusEvent, ToolEvent
from orchestrator.turn import budgets
from orchestrator.turn.effects import (
    AskingEffect,
    CallPlanner,
    CallTool,
    Draft,
    Effect,
    Emit,
    Finish,
    HandOff,
    SayPhrase,
    TellingEffect,
)
from orchestrator.turn.inputs import PlannedCall
from orchestrator.turn.state import Observed, Phase, TurnState


@dataclass(frozen=True, slots=True)
class Step:
    """The state after an input, and what is to be done now. No effects: the input changed nothing."""

    state: TurnState
    effects: tuple[Effect, ...] = ()

    @property
    def asking(self) -> AskingEffect | None:
        """The one effect that brings back an input; None when the turn ended or waits."""
        for effect in self.effects:
            if not isinstance(effect, TellingEffect):
                return effect
        return None

    def then(self, following: "Step") -> "Step":
        """What stands after the next input's step: an ignored one leaves the pending effects as they were."""
        return following if following.effects else Step(following.state, self.effects)


def plan(state: TurnState, *, may_call: bool) -> Step:
    """Ask the Brain what to do next."""
    effects: list[Effect] = []
    if not state.observed:
        effects.append(status("plan", "Reading your message"))
    effects.append(CallPlanner(may_call=may_call, may_write=not state.tainted, degraded=state.degraded))
    return Step(replace(state, phase=Phase.PLAN), tuple(effects))


def execute(state: TurnState) -> Step:
    """Run the call that the state holds, with what was agreed to."""
    call = required(state.call)
    event = ToolEvent(name=call.tool, label=call.label, phase="started")
    effect = CallTool(call, digest=state.confirmed, approvers=state.approvers, addresses=state.addresses)
    return Step(replace(state, phase=Phase.EXECUTE_TOOL), (Emit(event), effect))


def answer(state: TurnState) -> Step:
    """Have the answer written from what is known."""
    if budgets.tokens_spent(state.budgets, state.usage) or state.degraded:
        return plan(replace(state, degraded=True), may_call=False)
    return Step(replace(state, phase=Phase.DRAFT), (status("draft", "Writing the answer"), Draft()))


def say(state: TurnState, key: str, outcome: Outcome) -> Step:
    """Answer with a phrase of ours."""
    return Step(replace(state, phase=Phase.DRAFT, said=key, outcome=outcome), (SayPhrase(key),))


def hand_off(state: TurnState, reason: HandoffReason) -> Step:
    """Bring in a person."""
    state = replace(state, phase=Phase.HAND_OFF, handoff_reason=reason)
    return Step(state, (status("hand_off", "Fetching a person"), HandOff(reason)))


def switched_off(state: TurnState) -> Step:
    """A person gets what the turn is about, as the tool for it is switched off; the bot answers everything else."""
    return hand_off(replace(state, tool_off=True), HandoffReason.POLICY)


def end(
    state: TurnState, outcome: Outcome, text: str, *, citations: tuple[Citation, ...] = (),
    answering: Answering = Answering.BOT,
) -> Step:  # fmt: skip
    """The turn is over."""
    state = replace(
        state, phase=Phase.END, outcome=outcome, answer_text=text, answer_citations=citations, answering=answering,
        call=None,
    )  # fmt: skip
    return Step(state, (Finish(outcome, text, citations, (), answering, state.streamed, preface=state.disclosure),))


def may_call(state: TurnState, now_ms: int) -> bool:
    """Whether one more tool call fits into the turn."""
    return budgets.may_call_tool(
        state.budgets, usage=state.usage, tools_used=len(state.observed), worked_ms=state.worked_ms(now_ms)
    )


def observe(state: TurnState, one: Observed) -> TurnState:
    """What came of the call is known; the call is over."""
    return replace(state, observed=(*state.observed, one), call=None)


def wait(state: TurnState, phase: Phase, now_ms: int) -> TurnState:
    """A person has to decide; the time until then does not count."""
    return replace(state, phase=phase, worked_before_ms=state.worked_ms(now_ms))


def resume(state: TurnState, now_ms: int) -> TurnState:
    """Work goes on after a wait, which does not count."""
    return replace(state, resumed_ms=now_ms)


def status(phase: str, text: str) -> Emit:
    """A step in human words."""
    return Emit(StatusEvent(state=phase, text=text))


def required(call: PlannedCall | None) -> PlannedCall:
    """The call of a phase that always has one."""
    if call is None:
        raise AssertionError("this phase always has a call")
    return call
