"""Waits: for the customer's confirmation, for staff's approval of what the service has registered, for an answer.

A write whose output says `approvals_needed` was only registered. Its `approved_by` tool is previewed, that digest is
what staff decide about, and the tool runs with the names of enough of them; else `closed_by` ends the write.

A write that is not answered may have been done: it never ends as "failed", but is asked for again with its own key.
"""

import hashlib
from dataclasses import replace
from typing import Any

from contracts.errors import ProblemCode
from contracts.manifest import canonical_json
from contracts.tools.tickets import HandoffReason
from contracts.turn import Outcome
from orchestrator.turn import steps
from orchestrator.turn.effects import (
    AskApproval,
    AskConfirmation,
    AwaitCallback,
    AwaitOutcome,
    CallTool,
    Effect,
    PreviewEffect,
)
from orchestrator.turn.inputs import (
    ApprovalDecided,
    ConfirmationDecided,
    EffectPreviewed,
    FollowUp,
    PlannedCall,
    ToolAccepted,
    ToolFailed,
    WaitExpired,
)
from orchestrator.turn.state import Ending, Observed, Phase, Registered, TurnState
from orchestrator.turn.steps import Step

_DENIED = Ending("denied", Outcome.DECLINED)
_EXPIRED = Ending("approval_expired", Outcome.EXPIRED)
#: Staff could not even be asked.
_UNASKED = Ending("approval_unavailable", Outcome.TOOL_FAILED)
#: After these nobody knows whether the write was done. A resting tool may have been asked before this worker died;
#: while releases are exchanged one replica may have done it, and the others not know its arguments yet.
_UNSURE = frozenset({
    ProblemCode.DEADLINE_EXCEEDED, ProblemCode.DEPENDENCY_DOWN, ProblemCode.OVERLOADED, ProblemCode.CIRCUIT_OPEN,
    ProblemCode.RATE_LIMITED, ProblemCode.IDEMPOTENCY_IN_FLIGHT, ProblemCode.INTERNAL, ProblemCode.CONTRACT_VERSION,
})  # fmt: skip
#: Seconds until the write is asked for again; the last one repeats. In all a little more than nine minutes.
_AGAIN_AFTER_S = (2.0, 4.0, 8.0, 15.0, 30.0)
MOST_TRIES = 20


def previewed(state: TurnState, preview: EffectPreviewed, now_ms: int) -> Step:
    """The effect has its digest: ask the customer about it, or staff when the customer has confirmed before."""
    call = steps.required(state.call)
    state = replace(state, preview=preview, unsure=0)
    if state.registered is not None:
        needed = max(state.registered.needed, preview.approvals)
        return _ask_staff(replace(state, registered=replace(state.registered, needed=needed)), now_ms)
    return Step(steps.wait(state, Phase.WAIT_CONFIRMATION, now_ms), (AskConfirmation(call, preview),))


def confirmation(state: TurnState, decided: ConfirmationDecided, now_ms: int) -> Step:
    """The customer's yes or no; one to another effect changes nothing."""
    if state.phase is not Phase.WAIT_CONFIRMATION or not _fits(state, decided.digest):
        return Step(state)
    state = steps.resume(state, now_ms)
    if not decided.confirmed:
        return steps.say(state, "declined", Outcome.DECLINED)
    state = replace(state, confirmed=decided.digest)
    return _ask_staff(state, now_ms) if steps.required(state.call).needs_approval else steps.execute(state)


def approval(state: TurnState, decided: ApprovalDecided, now_ms: int) -> Step:
    """One member of staff's yes or no. One no ends it; nobody counts twice, and the requester never."""
    if state.phase is not Phase.WAIT_APPROVAL or not _fits(state, decided.digest):
        return Step(state)
    if decided.approver == state.requester or decided.approver in state.approvers:
        return Step(state)
    if not decided.approved:
        return _end(steps.resume(state, now_ms), _DENIED, decided.notes)
    known = (decided.address,) if decided.address else ()
    state = replace(state, approvers=(*state.approvers, decided.approver), addresses=(*state.addresses, *known))
    if len(state.approvers) < _needed(state):
        return Step(state)
    return steps.execute(replace(steps.resume(state, now_ms), confirmed=decided.digest))


def expired(state: TurnState, expiry: WaitExpired, now_ms: int) -> Step:
    """Nobody decided in time, or a newer card asks for the same thing otherwise."""
    if not state.waiting or not _fits(state, expiry.digest):
        return Step(state)
    approving, state = state.phase is Phase.WAIT_APPROVAL, steps.resume(state, now_ms)
    said = "superseded" if expiry.superseded else "expired"
    return _end(state, _EXPIRED) if approving else steps.say(state, said, Outcome.EXPIRED)


def accepted(state: TurnState, promise: ToolAccepted, now_ms: int) -> Step:
    """The tool answers later."""
    status = steps.status("later", "This takes a while. I will tell you here as soon as it is done")
    effect = AwaitCallback(promise.expires_at_ms)
    return Step(steps.wait(state, Phase.WAIT_CALLBACK, now_ms), (status, effect))


def called_back(state: TurnState, now_ms: int) -> TurnState:
    """Its answer is there, or its time is over: work goes on as if it had answered at once."""
    if state.phase is not Phase.WAIT_CALLBACK:
        return state
    return replace(steps.resume(state, now_ms), phase=Phase.EXECUTE_TOOL)


def is_open(state: TurnState, failed: ToolFailed) -> bool:
    """Whether a write failed in a way that does not say what came of it, or its service could not be asked about it."""
    if failed.code not in _UNSURE or not steps.required(state.call).write:
        return False
    if state.registered is None:
        return state.phase is Phase.EXECUTE_TOOL
    # A refund that could not be closed is no open question: it cannot be approved any more, and billing expires it.
    return state.registered.ending is None


def await_outcome(state: TurnState, failed: ToolFailed, now_ms: int) -> Step:
    """Ask again later, until it is known; at last a person has to find out."""
    call = steps.required(state.call)
    if state.unsure + 1 >= MOST_TRIES:
        one = Observed(call, error_class=failed.error_class, error_code=failed.code, ms=failed.ms)
        return steps.hand_off(steps.observe(state, one), HandoffReason.TOOL_FAILURE)
    after_s = _AGAIN_AFTER_S[min(state.unsure, len(_AGAIN_AFTER_S) - 1)]
    effects: list[Effect] = []
    if state.unsure == 0:
        effects.append(steps.status("outcome", "This takes longer than usual. I keep trying and will tell you here"))
    state = replace(steps.wait(state, Phase.WAIT_OUTCOME, now_ms), unsure=state.unsure + 1)
    return Step(state, (*effects, AwaitOutcome(after_s)))


def try_again(state: TurnState, now_ms: int) -> Step:
    """The same write with the same key: the service does it once, whatever was lost on the way."""
    state, call = steps.resume(state, now_ms), steps.required(state.call)
    if state.registered is not None and state.preview is None:
        return Step(replace(state, phase=Phase.PREVIEW), (PreviewEffect(call),))
    effect = CallTool(call, digest=state.confirmed, approvers=state.approvers, addresses=state.addresses)
    return Step(replace(state, phase=Phase.EXECUTE_TOOL), (effect,))


def is_left_to_staff(call: PlannedCall, output: dict[str, Any]) -> bool:
    """Whether the write was registered only: its service waits for staff before it does anything."""
    return call.approved_by is not None and call.ref in output and _approvals(output) > 0


def ask_for_approval(state: TurnState, call: PlannedCall, output: dict[str, Any]) -> Step:
    """The write is registered: find out what exactly staff will be asked to agree to."""
    if call.approved_by is None or call.ref is None:
        raise AssertionError("only a write that names its follow-ups is left to staff")
    ref = (call.ref, str(output[call.ref]))
    state = replace(
        state, phase=Phase.PREVIEW, call=_follow(call.approved_by, dict([ref])), preview=None, confirmed=None,
        approvers=(), addresses=(), unsure=0, registered=Registered(ref, call.closed_by, _approvals(output)),
    )  # fmt: skip
    status = steps.status("approval", "Asking a colleague to approve this")
    return Step(state, (status, PreviewEffect(steps.required(state.call))))


def follow_up_failed(state: TurnState, registered: Registered) -> Step:
    """A tool that goes on with a registered write has failed. What cannot be closed now, its service expires itself."""
    if registered.ending is not None:
        return closed(state, registered.ending)
    if state.phase is Phase.PREVIEW:
        return _end(state, _UNASKED)
    # Approved, and refused by its service for another reason than doubt: that is for a person to look at.
    return steps.hand_off(state, HandoffReason.TOOL_FAILURE)


def closed(state: TurnState, ending: Ending) -> Step:
    """The registered write has ended without being done: say so."""
    return steps.say(state, ending.phrase, ending.outcome)


def _ask_staff(state: TurnState, now_ms: int) -> Step:
    if state.preview is None:
        raise AssertionError("staff are asked about a preview")
    effect = AskApproval(steps.required(state.call), state.preview, _needed(state))
    return Step(steps.wait(state, Phase.WAIT_APPROVAL, now_ms), (effect,))


def _end(state: TurnState, ending: Ending, note: str = "") -> Step:
    """Say that it will not be done, and tell the service first when it has registered it."""
    registered = state.registered
    if registered is None or registered.closed_by is None:
        return steps.say(state, ending.phrase, ending.outcome)
    outcome = "denied" if ending is _DENIED else "expired"
    call = _follow(registered.closed_by, {**dict([registered.ref]), "outcome": outcome, "note": note})
    state = replace(
        state, call=call, confirmed=None, approvers=(), addresses=(), unsure=0,
        registered=replace(registered, ending=ending),
    )  # fmt: skip
    return steps.execute(state)


def _follow(tool: FollowUp, arguments: dict[str, Any]) -> PlannedCall:
    args_hash = hashlib.sha256(canonical_json(arguments)).hexdigest()[:32]
    return PlannedCall(tool=tool.tool, arguments=arguments, args_hash=args_hash, label=tool.label, write=True)


def _needed(state: TurnState) -> int:
    told = state.registered.needed if state.registered else 0
    return max(1, told, state.preview.approvals if state.preview else 0)


def _approvals(output: dict[str, Any]) -> int:
    told = output.get("approvals_needed", 0)
    return told if isinstance(told, int) else 0


def _fits(state: TurnState, digest: str) -> bool:
    return state.preview is not None and state.preview.digest == digest
