"""A replayed step in words, for people: what came in, where the turn stood then, what it decided."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, assert_never

from orchestrator.replay.identical import Replayed
from orchestrator.turn.effects import (
    AskApproval,
    AskConfirmation,
    AwaitCallback,
    AwaitOutcome,
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
)
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
)

_MOST = 160


@dataclass(frozen=True, slots=True)
class StepWords:
    """A step. `at_ms` since the turn began, `cost_micros` what this input cost, in micro-dollars."""

    number: int
    at_ms: int
    came: str
    state: str
    decided: tuple[str, ...]
    cost_micros: int
    proven: bool


def step_words(step: Replayed, began_ms: int) -> StepWords:
    """The step in words."""
    cost = step.step.state.usage.cost_micros - step.before.usage.cost_micros
    return StepWords(
        step.number, step.recorded.at_ms - began_ms, came(step.recorded.turn_input), step.step.state.phase.value,
        tuple(decided(step.step.effects)), cost, step.proven,
    )  # fmt: skip


def decided(effects: tuple[Effect, ...]) -> Iterator[str]:
    """Each effect; what merely shows a step to the customer is left out."""
    for effect in effects:
        if not isinstance(effect, Emit):
            yield wanted(effect)


def came(one: TurnInput) -> str:
    """What happened."""
    match one:
        case TurnStarted():
            mode = "" if one.mode == "on" else f" (the channel: {one.mode})"
            return f"the customer wrote{mode}: {_short(one.text)}"
        case MessageAdded():
            return f"the customer added: {_short(one.text)}"
        case StaffTookOver():
            return "a person took over"
        case Escalated():
            return f"a person is needed: {one.reason.value} ({', '.join(one.reasons)})"
        case PlanMade():
            return _planned(one)
        case PlanRejected():
            return f"the Brain's reply was rejected: {one.reason}"
        case PlanFailed():
            return f"no Brain answered: {one.reason}"
        case ToolSucceeded():
            return f"the tool answered: {_json(one.output)}"
        case ToolAccepted():
            return "the tool took it and answers later"
        case ToolFailed():
            return f"the tool failed: {one.code} ({one.error_class.value})"
        case EffectPreviewed():
            return f"the service says what it would do: {_short(one.summary)}{_approvals(one)}"
        case ConfirmationDecided():
            return f"the customer said {'yes' if one.confirmed else 'no'}"
        case ApprovalDecided():
            return f"{one.approver} {'approved' if one.approved else 'denied'}"
        case WaitExpired():
            return "a newer card took its place" if one.superseded else "nobody decided in time"
        case RetryDue():
            return "it is time to ask again"
        case StopAsked():
            return "the customer stopped it"
        case Drafted():
            return f"{one.model or 'the writer'} wrote: {_short(one.text)}"
        case Guarded():
            return f"the guards say {one.verdict}{_because(one)}"
        case HandedOff():
            return f"a person has it, ticket {one.ticket_number}"
        case HandOffQueued():
            return "a person will have it as soon as the ticket service is back"
        case MailRefused():
            return f"its e-mail was refused: {one.reason}"
        case _:
            assert_never(one)


def wanted(effect: Effect) -> str:
    """What is to be done."""
    match effect:
        case CallPlanner():
            tools = (
                "with no tools" if not effect.may_call else "with tools" if effect.may_write else "with tools to read"
            )
            return f"ask the {'offline ' if effect.degraded else ''}Brain, {tools}"
        case Draft():
            return "have the answer written"
        case SayPhrase():
            return f"say the phrase {effect.key}"
        case CallTool():
            return f"call {call_words(effect.call)}"
        case PreviewEffect():
            return f"ask what {call_words(effect.call)} would do"
        case CheckGuardrails():
            return f"check the answer: {_short(effect.text)}"
        case HandOff():
            return f"hand over: {effect.reason.value}"
        case AskConfirmation():
            return f"ask the customer: {_short(effect.preview.summary)}"
        case AskApproval():
            return f"ask {effect.approvals} of staff to approve: {_short(effect.preview.summary)}"
        case AwaitOutcome():
            return f"ask again in {effect.after_s:g} s"
        case AwaitCallback():
            return "wait for the tool to call back"
        case Emit():
            return f"show the step {effect.event.event}"
        case Finish():
            return f"end as {effect.outcome.value}: {_short(effect.text)}"
        case _:
            assert_never(effect)


def call_words(call: PlannedCall) -> str:
    """A call with its arguments."""
    return f"{call.tool} {_json(call.arguments)}"


def proposal_words(one: PlanMade | PlanRejected | PlanFailed) -> str:
    """What a Brain proposed, whole: a call with its arguments, an answer, or why there was neither."""
    match one:
        case PlanMade(call=PlannedCall() as call):
            return f"call {call.tool} {json.dumps(call.arguments, ensure_ascii=False, sort_keys=True)}"
        case PlanMade():
            return "answer"
        case PlanRejected():
            return f"rejected: {one.reason}"
        case PlanFailed():
            return f"no Brain answered: {one.reason}"
        case _:
            assert_never(one)


def _planned(plan: PlanMade) -> str:
    if plan.call is not None:
        return f"the Brain ({plan.model or 'unnamed'}) wants {call_words(plan.call)}"
    return f"the Brain ({plan.model or 'unnamed'}) says: {_short(plan.message.text if plan.message else '')}"


def _approvals(preview: EffectPreviewed) -> str:
    return f" ({preview.approvals} of staff must approve, {preview.policy})" if preview.approvals else ""


def _because(guarded: Guarded) -> str:
    score = "" if guarded.confidence is None else f", sure to {guarded.confidence.score:g}"
    return (f" ({', '.join(guarded.reasons)})" if guarded.reasons else "") + score


def _json(value: dict[str, Any]) -> str:
    return _short(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST else f"{line[: _MOST - 1]}\u2026"
