"""The turn's state machine: `reduce(state, input, now_ms) -> Step(state, effects)`. No clock, no I/O, no randomness.

RECEIVE → PLAN → (EXECUTE_TOOL → OBSERVE)* → DRAFT → GUARDRAIL → RESPOND → END, with waits for the customer's
confirmation, for staff's approval and for what came of a write (`waiting.py`), and HAND_OFF from anywhere. A step asks
for at most one answer, so a turn that is folded again after a crash knows exactly what it was waiting for. An input
that does not fit is ignored.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from contracts.errors import ErrorClass, ProblemCode
from contracts.tools.tickets import HandoffReason
from contracts.turn import Answering, Citation, Mark, Outcome, ToolEvent
from orchestrator.turn import budgets, evidence, provenance, shadow, steps, stopping, waiting
from orchestrator.turn.budgets import Level
from orchestrator.turn.effects import CheckGuardrails, Emit, Finish, PreviewEffect
from orchestrator.turn.inputs import (
    ApprovalDecided,
    ConfirmationDecided,
    Drafted,
    EffectPreviewed,
    Escalated,
    Guarded,
    HandedOff,
    HandOffQueued,
    MailRefused,
    MessageAdded,
    PlanFailed,
    PlanMade,
    PlannedCall,
    PlanRejected,
    RetryDue,
    StaffTookOver,
    StopAsked,
    ToolAccepted,
    ToolFailed,
    ToolSucceeded,
    TurnInput,
    TurnStarted,
    WaitExpired,
)  # fmt: skip
from orchestrator.turn.provenance import WriteRefusal
from orchestrator.turn.state import Observed, Phase, TurnState
from orchestrator.turn.steps import Step

__all__ = ["HUMAN_TOOL", "Step", "fold", "reduce"]

HUMAN_TOOL = "handoff_human"
_WRITE_AFTER_TEXT: WriteRefusal = "write_after_text"
#: The Brain asked for a tool that is switched off.
SWITCHED_OFF = "switched_off"
REFUSED_INPUT = "input_refused"
#: A code goes to the address that the question came from.
PROVE_ADDRESS = "prove_address"
#: A tool that cannot be reached, or is not itself: nothing is wrong with what it was asked.
_AWAY = (ErrorClass.TRANSIENT, ErrorClass.TIMEOUT, ErrorClass.INTERNAL)


def fold(inputs: Iterable[tuple[TurnInput, int]]) -> Step:
    """The step that a journal ends in, from its inputs and their times (epoch milliseconds), oldest first."""
    step = Step(TurnState())
    for turn_input, at_ms in inputs:
        step = step.then(reduce(step.state, turn_input, at_ms))
    return step


def reduce(state: TurnState, turn_input: TurnInput, now_ms: int) -> Step:
    """The one transition function. Every input counts, even an ignored one, so that the journal has no gap."""
    state = replace(state, inputs=state.inputs + 1)
    if state.ended:
        return Step(state)
    step = _reduced(state, turn_input, now_ms)
    return shadow.kept_in(step) if step.state.shadow else step


def _reduced(state: TurnState, turn_input: TurnInput, now_ms: int) -> Step:
    match turn_input:
        case TurnStarted():
            return _started(state, turn_input, now_ms) if state.phase is Phase.RECEIVE else Step(state)
        case MessageAdded():
            return _message_added(state, turn_input)
        case StaffTookOver():
            return _staff_took_over(state)
        case Escalated():
            return steps.hand_off(state, turn_input.reason) if state.phase is Phase.PLAN else Step(state)
        case PlanMade():
            return _plan_made(state, turn_input, now_ms) if state.phase is Phase.PLAN else Step(state)
        case PlanRejected():
            return _plan_rejected(state, turn_input) if state.phase is Phase.PLAN else Step(state)
        case PlanFailed():
            return _plan_failed(state, turn_input) if state.phase in (Phase.PLAN, Phase.DRAFT) else Step(state)
        case ToolSucceeded():
            fits = state.phase in (Phase.EXECUTE_TOOL, Phase.WAIT_CALLBACK)
            return _tool_succeeded(state, turn_input, now_ms) if fits else Step(state)
        case ToolAccepted():
            return waiting.accepted(state, turn_input, now_ms) if state.phase is Phase.EXECUTE_TOOL else Step(state)
        case ToolFailed():
            fits = state.phase in (Phase.EXECUTE_TOOL, Phase.PREVIEW, Phase.WAIT_CALLBACK)
            return _tool_failed(state, turn_input, now_ms) if fits else Step(state)
        case EffectPreviewed():
            return waiting.previewed(state, turn_input, now_ms) if state.phase is Phase.PREVIEW else Step(state)
        case ConfirmationDecided():
            return waiting.confirmation(state, turn_input, now_ms)
        case ApprovalDecided():
            return waiting.approval(state, turn_input, now_ms)
        case WaitExpired():
            return waiting.expired(state, turn_input, now_ms)
        case RetryDue():
            return waiting.try_again(state, now_ms) if state.phase is Phase.WAIT_OUTCOME else Step(state)
        case MailRefused():
            return Step(state)
        case StopAsked():
            return stopping.stop(state, now_ms)
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
        state, text=started.text, customer=started.customer, requester=started.requester, channel=started.channel,
        answering=started.answering, budgets=started.budgets, resumed_ms=now_ms,
        disclosure=started.disclosure, flags=started.flags, traceparent=started.traceparent,
        shadow=started.mode == "shadow",
    )  # fmt: skip
    if started.answering is Answering.STAFF and not state.shadow:
        return steps.end(state, Outcome.WITH_STAFF, "", answering=Answering.STAFF)
    if started.mode == "off":
        return steps.hand_off(state, HandoffReason.POLICY)
    if started.budgets.session_tokens_left <= 0:
        return steps.hand_off(state, HandoffReason.BUDGET)
    if started.wants_human:
        return steps.hand_off(state, HandoffReason.CUSTOMER_ASKED)
    if started.told:
        return steps.say(state, started.told, Outcome.CLARIFY)
    if started.screened == "refuse":
        # No model reads it. Whoever asks for a person has got one above.
        return steps.say(state, REFUSED_INPUT, Outcome.REFUSED)
    if started.budgets.level is Level.EMAIL:
        return steps.hand_off(state, HandoffReason.BUDGET)
    # Without a model the offline Brain answers, and says so.
    return steps.plan(replace(state, degraded=started.budgets.level is Level.KNOWLEDGE), may_call=True)


def _message_added(state: TurnState, added: MessageAdded) -> Step:
    """Only before anything was done for the turn: later messages start a turn of their own."""
    if not _untouched(state):
        return Step(state)
    state = replace(state, text=f"{state.text}\n{added.text}", flags=tuple(dict.fromkeys((*state.flags, *added.flags))))
    if added.wants_human or state.handoff_reason is not None:
        return steps.hand_off(state, state.handoff_reason or HandoffReason.CUSTOMER_ASKED)
    if added.screened == "refuse" or state.said == REFUSED_INPUT:
        return steps.say(state, REFUSED_INPUT, Outcome.REFUSED)
    return steps.plan(state, may_call=True)


def _staff_took_over(state: TurnState) -> Step:
    """The bot falls silent, in the middle of an answer too. What it changes, hands over or waits for is ended."""
    if state.shadow:
        # Nobody hears it anyway: the draft is for whoever answers.
        return Step(replace(state, answering=Answering.STAFF))
    waited = _untouched(state) and state.handoff_reason is None
    if not waited and (state.waiting or not stopping.may_stop(state)):
        return Step(state)
    return steps.end(state, Outcome.WITH_STAFF, "", answering=Answering.STAFF)


def _untouched(state: TurnState) -> bool:
    begun = state.phase in (Phase.PLAN, Phase.HAND_OFF) or state.said == REFUSED_INPUT
    return begun and not state.observed and not state.model


# ── PLAN ─────────────────────────────────────────────────────────────────────────────────────────────────


def _plan_made(state: TurnState, plan: PlanMade, now_ms: int) -> Step:
    state = replace(
        state, usage=state.usage + plan.usage, model=plan.model or state.model, repairs=(*state.repairs, *plan.repairs)
    )  # fmt: skip
    if plan.message is not None:
        state = replace(state, self_check=plan.message.confidence)
        if plan.message.asks_human:
            return steps.hand_off(state, HandoffReason.CUSTOMER_ASKED)
        if plan.message.refuses or plan.message.asks_back:
            state = replace(state, outcome=Outcome.REFUSED if plan.message.refuses else Outcome.CLARIFY)
        return _check(state, plan.message.text, plan.message.citations, plan.message.marks, streamed=plan.streamed)
    if plan.call is None:
        return steps.hand_off(state, HandoffReason.LOW_CONFIDENCE)
    return _propose(state, plan.call, now_ms)


def _propose(state: TurnState, call: PlannedCall, now_ms: int) -> Step:
    if call.tool == HUMAN_TOOL:
        return steps.hand_off(state, HandoffReason.CUSTOMER_ASKED)
    if state.shadow and call.write:
        return shadow.drafted(state)
    if call.unproven:
        return steps.say(state, PROVE_ADDRESS, Outcome.CLARIFY)
    if budgets.out_of_time(state.budgets, state.worked_ms(now_ms)):
        return steps.hand_off(state, HandoffReason.BUDGET)
    if call.looping:
        return steps.hand_off(state, HandoffReason.REPEATED_CALL)
    repeated = any(one.call.same_as == call.same_as for one in state.observed)
    if repeated or not steps.may_call(state, now_ms):
        # A loop or a spent budget: the answer is written from what is already known.
        return steps.answer(state)
    if (why := provenance.refusal(write=call.write, tainted=state.tainted, origins=call.origins)) is not None:
        return _refuse_write(state, call, why)
    state = replace(state, call=call, preview=None, confirmed=None, approvers=(), addresses=(), unsure=0)
    if call.needs_confirmation:
        return Step(
            replace(state, phase=Phase.PREVIEW),
            (steps.status("preview", "Preparing what to confirm"), PreviewEffect(call)),
        )
    return steps.execute(state)


def _refuse_write(state: TurnState, call: PlannedCall, why: WriteRefusal) -> Step:
    """Not even previewed. The customer hears how to ask for it, so that the next request is theirs alone."""
    if why == "argument_not_stated":
        one = Observed(call, error_class=ErrorClass.USER_FIXABLE, error_code=why)
        return steps.say(steps.observe(state, one), "state_it", Outcome.CLARIFY)
    one = Observed(call, error_class=ErrorClass.NOT_AUTHORISED, error_code=why)
    return steps.say(steps.observe(state, one), "ask_afresh", Outcome.REFUSED)


def _plan_rejected(state: TurnState, rejected: PlanRejected) -> Step:
    state = replace(state, usage=state.usage + rejected.usage, rejected=state.rejected + 1)
    if rejected.reason == SWITCHED_OFF:
        return steps.switched_off(state)
    if rejected.reason == _WRITE_AFTER_TEXT:
        return steps.say(state, "ask_afresh", Outcome.REFUSED)
    if any(one.error_class is None for one in state.observed) and not state.degraded:
        # Whoever was just given their money back is not asked what they meant.
        return steps.plan(replace(state, degraded=True), may_call=False)
    return steps.say(state, "clarify", Outcome.CLARIFY)


def _plan_failed(state: TurnState, failed: PlanFailed) -> Step:
    state = replace(state, usage=state.usage + failed.usage)
    if state.degraded:
        return steps.hand_off(state, HandoffReason.BRAIN_DOWN)
    # After a write nothing more may be called, whoever plans.
    may_call = not any(one.call.write for one in state.observed)
    return steps.plan(replace(state, degraded=True), may_call=may_call)


# ── EXECUTE_TOOL, OBSERVE ────────────────────────────────────────────────────────────────────────────────


def _tool_succeeded(state: TurnState, result: ToolSucceeded, now_ms: int) -> Step:
    call, state = steps.required(state.call), waiting.called_back(state, now_ms)
    one = Observed(call, output=result.output, ms=result.ms, attempts=result.attempts, cached=result.cached)
    tainted = state.tainted or provenance.brings_text(result.output, call.free_text)
    following = _after_success(replace(steps.observe(state, one), tainted=tainted), call, result, now_ms)
    done = Emit(ToolEvent(name=call.tool, label=call.label, phase="succeeded"))
    return Step(following.state, (done, *following.effects))


def _after_success(state: TurnState, call: PlannedCall, result: ToolSucceeded, now_ms: int) -> Step:
    if state.registered is not None and state.registered.ending is not None:
        return waiting.closed(state, state.registered.ending)
    if waiting.is_left_to_staff(call, result.output):
        return waiting.ask_for_approval(state, call, result.output)
    if budgets.tokens_spent(state.budgets, state.usage):
        return steps.plan(replace(state, degraded=True), may_call=False)
    if evidence.confidence(state.observed) < evidence.WRITER_BELOW and not state.degraded:
        return steps.answer(state)
    # After a write nothing more may be called: the customer confirmed this one effect.
    return steps.plan(state, may_call=not call.write and steps.may_call(state, now_ms))


def _tool_failed(state: TurnState, failed: ToolFailed, now_ms: int) -> Step:
    call, state = steps.required(state.call), waiting.called_back(state, now_ms)
    if waiting.is_open(state, failed):
        return waiting.await_outcome(state, failed, now_ms)
    one = Observed(call, error_class=failed.error_class, error_code=failed.code, ms=failed.ms, attempts=failed.attempts)
    following = _after_failure(steps.observe(state, one), call, failed)
    done = Emit(ToolEvent(name=call.tool, label=call.label, phase="failed"))
    return Step(following.state, (done, *following.effects))


def _after_failure(state: TurnState, call: PlannedCall, failed: ToolFailed) -> Step:
    off = failed.code == ProblemCode.TOOL_SWITCHED_OFF
    if state.registered is not None:
        stopped = off and state.registered.ending is None and state.phase is Phase.EXECUTE_TOOL
        return steps.switched_off(state) if stopped else waiting.follow_up_failed(state, state.registered)
    if call.ticket_when_down and failed.code == ProblemCode.CIRCUIT_OPEN:
        return steps.hand_off(state, HandoffReason.TOOL_FAILURE)
    if call.knowledge and failed.error_class in _AWAY and all(one.output is None for one in state.observed):
        return steps.hand_off(state, HandoffReason.TOOL_FAILURE)
    if off:
        return steps.switched_off(state)
    refused = failed.error_class in (ErrorClass.NOT_AUTHORISED, ErrorClass.NOT_FOUND)
    # What a failure means is told in words of ours, never left to the model (TURN-4).
    return steps.say(state, "tool_failed", Outcome.REFUSED if refused else Outcome.TOOL_FAILED)


# ── DRAFT, GUARDRAIL, RESPOND, HAND_OFF, END ─────────────────────────────────────────────────────────────


def _drafted(state: TurnState, drafted: Drafted) -> Step:
    state = replace(state, usage=state.usage + drafted.usage, model=drafted.model or state.model)
    if drafted.refuses or drafted.answers:
        state = replace(state, outcome=state.outcome or (Outcome.REFUSED if drafted.refuses else Outcome.ANSWERED))
    return _check(state, drafted.text, drafted.citations, drafted.marks, streamed=drafted.streamed)


def _check(
    state: TurnState, text: str, citations: tuple[Citation, ...], marks: tuple[Mark, ...], *, streamed: bool
) -> Step:
    state = replace(
        state, phase=Phase.GUARDRAIL, answer_text=text, answer_citations=citations, streamed=streamed,
        outcome=state.outcome or evidence.outcome(state.observed),
    )  # fmt: skip
    return Step(state, (CheckGuardrails(text, citations, marks),))


def _guarded(state: TurnState, guarded: Guarded) -> Step:
    state = replace(state, judged=guarded.confidence or state.judged)
    if guarded.verdict == "hand_over":
        return steps.hand_off(state, guarded.handoff or HandoffReason.LOW_CONFIDENCE)
    if guarded.verdict == "ask":
        return steps.say(state, "clarify", Outcome.CLARIFY)
    if state.shadow and state.outcome is not Outcome.STOPPED:
        return shadow.drafted(state)
    outcome = Outcome.REFUSED if guarded.verdict == "refuse" else state.outcome or Outcome.ANSWERED
    if outcome is Outcome.REFUSED and _is_last_resort(state):
        return steps.hand_off(state, HandoffReason.BUDGET)
    if state.degraded and outcome is Outcome.ANSWERED:
        outcome = Outcome.DEGRADED
    state = replace(state, streamed=state.streamed and guarded.verdict == "pass")
    step = steps.end(state, outcome, guarded.text, citations=guarded.citations)
    told = Finish(
        outcome, guarded.text, guarded.citations, tuple(sorted(guarded.links.items())), Answering.BOT, state.streamed,
        guarded.support, guarded.covered, guarded.refusal, state.disclosure,
    )  # fmt: skip
    return Step(step.state, (told,))


def _is_last_resort(state: TurnState) -> bool:
    """Whether a person answers what this turn could not, with the help pages alone. A guest may be told to sign in."""
    return state.budgets.level is Level.KNOWLEDGE and (state.customer or bool(state.observed))


def _handed_off(state: TurnState, handed: HandedOff | HandOffQueued) -> Step:
    if state.shadow and state.answering is Answering.STAFF:
        return shadow.with_staff(state)
    # When a system is down, or off, a person gets the question, and the bot still answers what it can.
    without_tool = state.handoff_reason is HandoffReason.TOOL_FAILURE or state.tool_off
    answering = Answering.BOT if without_tool else Answering.STAFF
    state = replace(state, streamed=False)
    sources = handed.citations if isinstance(handed, HandOffQueued) else ()
    return steps.end(state, Outcome.HANDED_OVER, handed.text, citations=sources, answering=answering)
