"""The turn's state machine: `reduce(state, input, now_ms) -> Step(state, effects)`. No clock, no I/O, no randomness.

RECEIVE → PLAN → (EXECUTE_TOOL → OBSERVE)* → DRAFT → GUARDRAIL → RESPOND → END, with waits for the customer's
confirmation and for staff's approval, and HAND_OFF from anywhere. A step asks for at most one answer, so a turn
that is folded again after a crash knows exactly what it was waiting for. An input that does not fit is ignored.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from contracts.errors import ErrorClass
from contracts.tools.tickets import HandoffReason
from contracts.turn import Answering, Outcome, StatusEvent, ToolEvent
from orchestrator.turn import budgets, evidence
from orchestrator.turn.effects import (
    AskApproval,
    AskConfirmation,
    CallPlanner,
    CallTool,
    CheckGuardrails,
    Draft,
    Effect,
    Emit,
    Finish,
    HandOff,
    PreviewEffect,
    SayPhrase,
)  # fmt: skip
from orchestrator.turn.inputs import (
    ApprovalDecided,
    ConfirmationDecided,
    Drafted,
    EffectPreviewed,
    Guarded,
    HandedOff,
    HandOffQueued,
    MessageAdded,
    PlanFailed,
    PlanMade,
    PlannedCall,
    PlanRejected,
    StaffTookOver,
    ToolFailed,
    ToolSucceeded,
    TurnInput,
    TurnStarted,
    WaitExpired,
)  # fmt: skip
from orchestrator.turn.state import Observed, Phase, TurnState

HUMAN_TOOL = "handoff_human"


@dataclass(frozen=True, slots=True)
class Step:
    """The state after an input, and what is to be done now. No effects: the input changed nothing."""

    state: TurnState
    effects: tuple[Effect, ...] = ()


def fold(inputs: Iterable[tuple[TurnInput, int]]) -> Step:
    """The step that a journal ends in, from its inputs and their times (epoch milliseconds), oldest first."""
    step = Step(TurnState())
    for turn_input, at_ms in inputs:
        following = reduce(step.state, turn_input, at_ms)
        # An ignored input leaves the pending effects as they were.
        step = following if following.effects else Step(following.state, step.effects)
    return step


def reduce(state: TurnState, turn_input: TurnInput, now_ms: int) -> Step:
    """The one transition function. Every input counts, even an ignored one, so that the journal has no gap."""
    state = replace(state, inputs=state.inputs + 1)
    if state.ended:
        return Step(state)
    match turn_input:
        case TurnStarted():
            return _started(state, turn_input, now_ms) if state.phase is Phase.RECEIVE else Step(state)
        case MessageAdded():
            return _message_added(state, turn_input)
        case StaffTookOver():
            return _staff_took_over(state)
        case PlanMade():
            return _plan_made(state, turn_input, now_ms) if state.phase is Phase.PLAN else Step(state)
        case PlanRejected():
            return _plan_rejected(state, turn_input) if state.phase is Phase.PLAN else Step(state)
        case PlanFailed():
            return _plan_failed(state, turn_input) if state.phase in (Phase.PLAN, Phase.DRAFT) else Step(state)
        case ToolSucceeded():
            return _tool_succeeded(state, turn_input, now_ms) if state.phase is Phase.EXECUTE_TOOL else Step(state)
        case ToolFailed():
            fits = state.phase in (Phase.EXECUTE_TOOL, Phase.PREVIEW)
            return _tool_failed(state, turn_input) if fits else Step(state)
        case EffectPreviewed():
            return _previewed(state, turn_input, now_ms) if state.phase is Phase.PREVIEW else Step(state)
        case ConfirmationDecided():
            return _confirmation(state, turn_input, now_ms)
        case ApprovalDecided():
            return _approval(state, turn_input, now_ms)
        case WaitExpired():
            fits = state.waiting and state.preview is not None and state.preview.digest == turn_input.digest
            return _say(_resume(state, now_ms), "expired", Outcome.EXPIRED) if fits else Step(state)
        case Drafted():
            return _drafted(state, turn_input) if state.phase is Phase.DRAFT else Step(state)
        case Guarded():
            return _guarded(state, turn_input) if state.phase is Phase.GUARDRAIL else Step(state)
        case HandedOff() | HandOffQueued():
            return _handed_off(state, turn_input) if state.phase is Phase.HAND_OFF else Step(state)
        case _:
            assert_never(turn_input)


# ── RECEIVE ──────────────────────────────────────────────────────────────────────────────────────────────


def _started(state: TurnState, started: TurnStarted, now_ms: int) -> Step:
    state = replace(
        state, text=started.text, customer=started.customer, channel=started.channel, answering=started.answering,
        budgets=started.budgets, resumed_ms=now_ms,
    )  # fmt: skip
    if started.answering is Answering.STAFF:
        return _end(state, Outcome.WITH_STAFF, "", answering=Answering.STAFF)
    if started.budgets.session_tokens_left <= 0:
        return _hand_off(state, HandoffReason.BUDGET)
    if started.wants_human:
        return _hand_off(state, HandoffReason.CUSTOMER_ASKED)
    return _plan(state, may_call=True)


def _message_added(state: TurnState, added: MessageAdded) -> Step:
    """Only before anything was done for the turn: later messages start a turn of their own."""
    if not _untouched(state):
        return Step(state)
    state = replace(state, text=f"{state.text}\n{added.text}")
    if added.wants_human or state.handoff_reason is not None:
        return _hand_off(state, state.handoff_reason or HandoffReason.CUSTOMER_ASKED)
    return _plan(state, may_call=True)


def _staff_took_over(state: TurnState) -> Step:
    if not _untouched(state) or state.handoff_reason is not None:
        return Step(state)
    return _end(state, Outcome.WITH_STAFF, "", answering=Answering.STAFF)


def _untouched(state: TurnState) -> bool:
    return state.phase in (Phase.PLAN, Phase.HAND_OFF) and not state.observed and not state.model


# ── PLAN ─────────────────────────────────────────────────────────────────────────────────────────────────


def _plan(state: TurnState, *, may_call: bool) -> Step:
    effects: list[Effect] = []
    if not state.observed:
        effects.append(_status("plan", "Reading your message"))
    effects.append(CallPlanner(may_call=may_call, degraded=state.degraded))
    return Step(replace(state, phase=Phase.PLAN), tuple(effects))


def _plan_made(state: TurnState, plan: PlanMade, now_ms: int) -> Step:
    state = replace(state, usage=state.usage + plan.usage, model=plan.model or state.model)
    if plan.message is not None:
        if plan.message.asks_human:
            return _hand_off(state, HandoffReason.CUSTOMER_ASKED)
        if plan.message.refuses:
            state = replace(state, outcome=Outcome.REFUSED)
        return _check(state, plan.message.text, plan.message.citations, streamed=plan.streamed)
    if plan.call is None:
        return _hand_off(state, HandoffReason.LOW_CONFIDENCE)
    return _propose(state, plan.call, now_ms)


def _propose(state: TurnState, call: PlannedCall, now_ms: int) -> Step:
    if call.tool == HUMAN_TOOL:
        return _hand_off(state, HandoffReason.CUSTOMER_ASKED)
    if budgets.out_of_time(state.budgets, state.worked_ms(now_ms)):
        return _hand_off(state, HandoffReason.BUDGET)
    repeated = any(one.call.tool == call.tool and one.call.args_hash == call.args_hash for one in state.observed)
    if repeated or not _may_call(state, now_ms):
        # A loop or a spent budget: the answer is written from what is already known.
        return _answer(state)
    state = replace(state, call=call, preview=None, confirmed=None, approvers=())
    if call.needs_confirmation:
        return Step(
            replace(state, phase=Phase.PREVIEW),
            (_status("preview", "Preparing what to confirm"), PreviewEffect(call)),
        )
    return _execute(state)


def _plan_rejected(state: TurnState, rejected: PlanRejected) -> Step:
    state = replace(state, usage=state.usage + rejected.usage, rejected=state.rejected + 1)
    return _say(state, "clarify", Outcome.CLARIFY)


def _plan_failed(state: TurnState, failed: PlanFailed) -> Step:
    state = replace(state, usage=state.usage + failed.usage)
    if state.degraded:
        return _hand_off(state, HandoffReason.BRAIN_DOWN)
    return _plan(replace(state, degraded=True), may_call=True)


# ── EXECUTE_TOOL, OBSERVE ────────────────────────────────────────────────────────────────────────────────


def _execute(state: TurnState) -> Step:
    call = _required(state.call)
    event = ToolEvent(name=call.tool, label=call.label, phase="started")
    effect = CallTool(call, digest=state.confirmed, approvers=state.approvers)
    return Step(replace(state, phase=Phase.EXECUTE_TOOL), (Emit(event), effect))


def _tool_succeeded(state: TurnState, result: ToolSucceeded, now_ms: int) -> Step:
    call = _required(state.call)
    one = Observed(call, output=result.output, ms=result.ms, attempts=result.attempts, cached=result.cached)
    state = replace(state, observed=(*state.observed, one), call=None)
    done = Emit(ToolEvent(name=call.tool, label=call.label, phase="succeeded"))
    if budgets.tokens_spent(state.budgets, state.usage):
        following = _plan(replace(state, degraded=True), may_call=False)
    elif evidence.confidence(state.observed) < evidence.WRITER_BELOW and not state.degraded:
        following = _answer(state)
    else:
        # After a write nothing more may be called: the customer confirmed this one effect.
        following = _plan(state, may_call=not call.write and _may_call(state, now_ms))
    return Step(following.state, (done, *following.effects))


def _tool_failed(state: TurnState, failed: ToolFailed) -> Step:
    call = _required(state.call)
    one = Observed(call, error_class=failed.error_class, error_code=failed.code, ms=failed.ms, attempts=failed.attempts)
    state = replace(state, observed=(*state.observed, one), call=None)
    done = Emit(ToolEvent(name=call.tool, label=call.label, phase="failed"))
    refused = failed.error_class in (ErrorClass.NOT_AUTHORISED, ErrorClass.NOT_FOUND)
    # What a failure means is told in words of ours, never left to the model (TURN-4).
    following = _say(state, "tool_failed", Outcome.REFUSED if refused else Outcome.TOOL_FAILED)
    return Step(following.state, (done, *following.effects))


# ── CONFIRMATION, APPROVAL ───────────────────────────────────────────────────────────────────────────────


def _previewed(state: TurnState, preview: EffectPreviewed, now_ms: int) -> Step:
    state = replace(state, phase=Phase.WAIT_CONFIRMATION, preview=preview, worked_before_ms=state.worked_ms(now_ms))
    return Step(state, (AskConfirmation(_required(state.call), preview),))


def _confirmation(state: TurnState, decided: ConfirmationDecided, now_ms: int) -> Step:
    preview = state.preview
    if state.phase is not Phase.WAIT_CONFIRMATION or preview is None or preview.digest != decided.digest:
        return Step(state)
    state = _resume(state, now_ms)
    if not decided.confirmed:
        return _say(state, "declined", Outcome.DECLINED)
    state = replace(state, confirmed=decided.digest)
    call = _required(state.call)
    if call.needs_approval:
        waiting = replace(state, phase=Phase.WAIT_APPROVAL, worked_before_ms=state.worked_ms(now_ms))
        return Step(waiting, (AskApproval(call, preview),))
    return _execute(state)


def _approval(state: TurnState, decided: ApprovalDecided, now_ms: int) -> Step:
    preview = state.preview
    if state.phase is not Phase.WAIT_APPROVAL or preview is None or preview.digest != decided.digest:
        return Step(state)
    state = _resume(state, now_ms)
    if not decided.approved:
        return _say(state, "denied", Outcome.DECLINED)
    return _execute(replace(state, approvers=(decided.approver,)))


# ── DRAFT, GUARDRAIL, RESPOND, HAND_OFF, END ─────────────────────────────────────────────────────────────


def _answer(state: TurnState) -> Step:
    if budgets.tokens_spent(state.budgets, state.usage) or state.degraded:
        return _plan(replace(state, degraded=True), may_call=False)
    return Step(replace(state, phase=Phase.DRAFT), (_status("draft", "Writing the answer"), Draft()))


def _say(state: TurnState, key: str, outcome: Outcome) -> Step:
    return Step(replace(state, phase=Phase.DRAFT, said=key, outcome=outcome), (SayPhrase(key),))


def _drafted(state: TurnState, drafted: Drafted) -> Step:
    state = replace(state, usage=state.usage + drafted.usage, model=drafted.model or state.model)
    return _check(state, drafted.text, drafted.citations, streamed=drafted.streamed)


def _check(state: TurnState, text: str, citations: tuple, *, streamed: bool) -> Step:  # type: ignore[type-arg]
    state = replace(
        state, phase=Phase.GUARDRAIL, answer_text=text, answer_citations=citations, streamed=streamed,
        outcome=state.outcome or evidence.outcome(state.observed),
    )  # fmt: skip
    return Step(state, (CheckGuardrails(text, citations),))


def _guarded(state: TurnState, guarded: Guarded) -> Step:
    if guarded.verdict == "hand_over":
        return _hand_off(state, HandoffReason.LOW_CONFIDENCE)
    outcome = Outcome.REFUSED if guarded.verdict == "refuse" else state.outcome or Outcome.ANSWERED
    if state.degraded and outcome is Outcome.ANSWERED:
        outcome = Outcome.DEGRADED
    state = replace(state, streamed=state.streamed and guarded.verdict == "pass")
    return _end(state, outcome, guarded.text, citations=guarded.citations, links=tuple(sorted(guarded.links.items())))


def _hand_off(state: TurnState, reason: HandoffReason) -> Step:
    state = replace(state, phase=Phase.HAND_OFF, handoff_reason=reason)
    return Step(state, (_status("hand_off", "Fetching a person"), HandOff(reason)))


def _handed_off(state: TurnState, handed: HandedOff | HandOffQueued) -> Step:
    return _end(replace(state, streamed=False), Outcome.HANDED_OVER, handed.text, answering=Answering.STAFF)


def _end(state: TurnState, outcome: Outcome, text: str, *, citations: tuple = (), links: tuple = (),  # type: ignore[type-arg]
         answering: Answering = Answering.BOT) -> Step:  # fmt: skip
    state = replace(state, phase=Phase.END, outcome=outcome, answer_text=text, answer_citations=citations,
                    answering=answering, call=None)  # fmt: skip
    return Step(state, (Finish(outcome, text, citations, links, answering, state.streamed),))


# ── helpers ──────────────────────────────────────────────────────────────────────────────────────────────


def _may_call(state: TurnState, now_ms: int) -> bool:
    return budgets.may_call_tool(
        state.budgets, usage=state.usage, tools_used=len(state.observed), worked_ms=state.worked_ms(now_ms)
    )


def _resume(state: TurnState, now_ms: int) -> TurnState:
    return replace(state, resumed_ms=now_ms)


def _status(phase: str, text: str) -> Emit:
    return Emit(StatusEvent(state=phase, text=text))


def _required(call: PlannedCall | None) -> PlannedCall:
    if call is None:
        raise AssertionError("this phase always has a call")
    return call
