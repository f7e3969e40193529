"""A write that its service registers and leaves to staff, and a write of which nobody knows whether it was done."""

import pytest

from contracts.errors import ErrorClass, ProblemCode
from contracts.tools.tickets import HandoffReason
from contracts.turn import Answering, Citation, Outcome
from orchestrator.turn.effects import (
    AskApproval,
    AskConfirmation,
    AwaitCallback,
    AwaitOutcome,
    CallPlanner,
    CallTool,
    Emit,
    Finish,
    HandOff,
    PreviewEffect,
    SayPhrase,
)
from orchestrator.turn.inputs import (
    ApprovalDecided,
    ConfirmationDecided,
    EffectPreviewed,
    FollowUp,
    HandedOff,
    HandOffQueued,
    PlanMade,
    PlannedCall,
    RetryDue,
    ToolAccepted,
    ToolFailed,
    ToolSucceeded,
    TurnInput,
    TurnStarted,
    WaitExpired,
)
from orchestrator.turn.machine import Step, reduce
from orchestrator.turn.state import Phase, TurnState
from orchestrator.turn.waiting import MOST_TRIES

D1, D2 = "1" * 64, "2" * 64
STARTED = TurnStarted(text="Refund $200", customer=True, requester="cust_ben", channel="web")
REFUND = PlannedCall(
    tool="issue_refund", arguments={"order_id": "5678"}, args_hash="1", label="", write=True, needs_confirmation=True,
    approved_by=FollowUp(tool="approve_refund", label=""), closed_by=FollowUp(tool="close_refund", label=""),
    ref="refund_request_id", ticket_when_down=True,
)  # fmt: skip
READ = PlannedCall(tool="get_order_status", arguments={}, args_hash="2", label="", ticket_when_down=True)
CARD = EffectPreviewed(summary="Refund 200.00 USD", digest=D1, expires_at_ms=900_000)
STAFF_CARD = EffectPreviewed(summary="Refund 200.00 USD", digest=D2, expires_at_ms=900_000, approvals=1, policy="R2")
YES = ConfirmationDecided(digest=D1, confirmed=True)
PENDING = ToolSucceeded(output={"refund_request_id": "rfd_1", "approvals_needed": 1}, ms=1)
DONE = ToolSucceeded(output={"refund_request_id": "rfd_1", "state": "succeeded"}, ms=1)
CONFIRMED = (STARTED, PlanMade(call=REFUND), CARD, YES)
WAITING = (*CONFIRMED, PENDING, STAFF_CARD)
LOST = ToolFailed(error_class=ErrorClass.TIMEOUT, code="deadline_exceeded", ms=1)
DOWN = ToolFailed(error_class=ErrorClass.TRANSIENT, code="circuit_open", ms=1, attempts=0)
KIM, LEE = (ApprovalDecided(digest=D2, approved=True, approver=who) for who in ("kim", "lee"))


def after(*inputs: TurnInput) -> Step:
    step = Step(TurnState())
    for number, one in enumerate(inputs):
        step = reduce(step.state, one, number * 10)
    return step


def only(step: Step, kind: type):  # type: ignore[no-untyped-def]
    found = [effect for effect in step.effects if isinstance(effect, kind)]
    assert len(found) == 1, f"wanted one {kind.__name__} in {step.effects}"
    return found[0]


def two_needed() -> tuple[TurnInput, ...]:
    pending = ToolSucceeded(output={"refund_request_id": "rfd_1", "approvals_needed": 2}, ms=1)
    return (*CONFIRMED, pending, STAFF_CARD.model_copy(update={"approvals": 2}))


# ── approvals ────────────────────────────────────────────────────────────────────────────────────────────


def test_what_the_service_leaves_to_staff_is_previewed_anew_and_staff_are_asked() -> None:
    preview = only(after(*CONFIRMED, PENDING), PreviewEffect)
    assert (preview.call.tool, preview.call.arguments) == ("approve_refund", {"refund_request_id": "rfd_1"})
    asked = only(after(*WAITING), AskApproval)
    assert (asked.preview.digest, asked.approvals) == (D2, 1)


def test_the_yes_of_staff_runs_the_follow_up_with_their_names() -> None:
    call = only(after(*WAITING, KIM), CallTool)
    assert (call.call.tool, call.digest, call.approvers) == ("approve_refund", D2, ("kim",))
    assert only(after(*WAITING, KIM, DONE), CallPlanner) == CallPlanner(may_call=False)


def test_what_is_known_of_their_addresses_goes_along() -> None:
    kim = KIM.model_copy(update={"address": "a" * 64})
    assert only(after(*two_needed(), kim, LEE), CallTool).addresses == ("a" * 64,)
    assert only(after(*two_needed(), kim, LEE, LOST, RetryDue()), CallTool).addresses == ("a" * 64,)
    closed = only(after(*two_needed(), kim, ApprovalDecided(digest=D2, approved=False, approver="lee")), CallTool)
    assert (closed.call.tool, closed.addresses) == ("close_refund", ())


def test_two_approvals_need_two_names() -> None:
    for same in (after(*two_needed(), KIM), after(*two_needed(), KIM, KIM)):
        assert same.effects == ()
        assert same.state.phase is Phase.WAIT_APPROVAL
    assert only(after(*two_needed(), KIM, LEE), CallTool).approvers == ("kim", "lee")


def test_the_stricter_of_output_and_preview_counts() -> None:
    stricter = STAFF_CARD.model_copy(update={"approvals": 2})
    assert only(after(*CONFIRMED, PENDING, stricter), AskApproval).approvals == 2
    milder = STAFF_CARD.model_copy(update={"approvals": 0})
    assert only(after(*CONFIRMED, PENDING, milder), AskApproval).approvals == 1


def test_the_requester_never_approves() -> None:
    step = after(*WAITING, ApprovalDecided(digest=D2, approved=True, approver="cust_ben"))
    assert step.effects == ()
    assert step.state.phase is Phase.WAIT_APPROVAL


def test_an_approval_of_what_the_customer_saw_is_none_of_what_staff_were_shown() -> None:
    step = after(*WAITING, ApprovalDecided(digest=D1, approved=True, approver="kim"))
    assert step.effects == ()


@pytest.mark.parametrize(
    ("decision", "outcome", "phrase", "ended"),
    [
        (ApprovalDecided(digest=D2, approved=False, approver="kim", notes="no"), "denied", "denied", Outcome.DECLINED),
        (WaitExpired(digest=D2), "expired", "approval_expired", Outcome.EXPIRED),
    ],
)
def test_without_a_yes_the_service_is_told_and_the_customer_hears_it_politely(
    decision: TurnInput, outcome: str, phrase: str, ended: Outcome
) -> None:
    call = only(after(*WAITING, decision), CallTool).call
    assert (call.tool, call.arguments["outcome"]) == ("close_refund", outcome)
    for result in (DONE, LOST):
        step = after(*WAITING, decision, result)
        assert only(step, SayPhrase) == SayPhrase(phrase)
        assert step.state.outcome is ended


def test_after_the_end_of_the_wait_an_approval_changes_nothing() -> None:
    step = after(*WAITING, WaitExpired(digest=D2), KIM)
    assert step.effects == ()
    assert not any(
        isinstance(effect, CallTool) for effect in after(*WAITING, WaitExpired(digest=D2), DONE, KIM).effects
    )


def test_what_is_done_at_once_asks_nobody() -> None:
    assert only(after(*CONFIRMED, DONE), CallPlanner) == CallPlanner(may_call=False)


# ── what came of a write ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "code",
    [
        ProblemCode.DEADLINE_EXCEEDED, ProblemCode.DEPENDENCY_DOWN, ProblemCode.OVERLOADED, ProblemCode.CIRCUIT_OPEN,
        ProblemCode.RATE_LIMITED, ProblemCode.IDEMPOTENCY_IN_FLIGHT, ProblemCode.INTERNAL,
    ],
)  # fmt: skip
def test_a_write_that_is_not_answered_is_asked_for_again_and_never_called_failed(code: ProblemCode) -> None:
    step = after(*CONFIRMED, ToolFailed(error_class=ErrorClass.TRANSIENT, code=code.value, ms=1))
    assert only(step, AwaitOutcome).after_s > 0
    assert step.state.waiting
    again = reduce(step.state, RetryDue(), 5_000)
    assert only(again, CallTool) == CallTool(REFUND, digest=D1)


def test_the_customer_is_told_once_that_it_takes_longer() -> None:
    first = after(*CONFIRMED, LOST)
    assert len([effect for effect in first.effects if isinstance(effect, Emit)]) == 1
    second = reduce(reduce(first.state, RetryDue(), 100).state, LOST, 200)
    assert [type(effect) for effect in second.effects] == [AwaitOutcome]


def test_at_last_the_answer_counts() -> None:
    assert only(after(*CONFIRMED, LOST, RetryDue(), LOST, RetryDue(), DONE), CallPlanner)
    refused = ToolFailed(error_class=ErrorClass.USER_FIXABLE, code="not_refundable", ms=1)
    assert only(after(*CONFIRMED, LOST, RetryDue(), refused), SayPhrase) == SayPhrase("tool_failed")


def test_waiting_for_the_outcome_does_not_use_up_the_turns_time() -> None:
    state = after(*CONFIRMED, LOST).state
    assert reduce(state, RetryDue(), 600_000).state.worked_ms(600_010) < 200


def test_in_the_end_a_person_has_to_find_out() -> None:
    inputs: list[TurnInput] = [*CONFIRMED]
    for _ in range(MOST_TRIES - 1):
        inputs += [LOST, RetryDue()]
    assert only(after(*inputs), CallTool)
    assert only(after(*inputs, LOST), HandOff) == HandOff(HandoffReason.TOOL_FAILURE)


def test_an_approved_write_that_is_not_answered_keeps_its_approvers() -> None:
    again = only(after(*WAITING, KIM, LOST, RetryDue()), CallTool)
    assert (again.call.tool, again.digest, again.approvers) == ("approve_refund", D2, ("kim",))


def test_staff_are_asked_as_soon_as_the_service_can_say_what_about() -> None:
    step = after(*CONFIRMED, PENDING, DOWN)
    assert only(step, AwaitOutcome)
    assert only(reduce(step.state, RetryDue(), 99), PreviewEffect).call.tool == "approve_refund"
    assert only(after(*CONFIRMED, PENDING, DOWN, RetryDue(), STAFF_CARD), AskApproval)


def test_an_early_retry_changes_nothing() -> None:
    for inputs in (CONFIRMED, WAITING, (STARTED,)):
        step = after(*inputs, RetryDue())
        assert step.effects == ()


# ── a tool that answers later ────────────────────────────────────────────────────────────────────────────


TAKEN = ToolAccepted(expires_at_ms=90_000, ms=1)


def test_a_tool_may_take_the_call_and_answer_later() -> None:
    step = after(STARTED, PlanMade(call=READ), TAKEN)
    assert only(step, AwaitCallback) == AwaitCallback(90_000)
    assert step.state.waiting
    answered = reduce(step.state, ToolSucceeded(output={}, ms=0), 60_000)
    assert only(answered, CallPlanner)
    assert answered.state.worked_ms(60_010) < 100


def test_when_it_does_not_a_read_fails_and_a_write_is_asked_about() -> None:
    assert only(after(STARTED, PlanMade(call=READ), TAKEN, LOST), SayPhrase) == SayPhrase("tool_failed")
    unsure = after(*CONFIRMED, TAKEN, LOST)
    assert only(unsure, AwaitOutcome)
    assert only(reduce(unsure.state, RetryDue(), 99_000), CallTool) == CallTool(REFUND, digest=D1)


def test_what_a_late_answer_leaves_to_staff_is_left_to_staff() -> None:
    assert only(after(*CONFIRMED, TAKEN, PENDING), PreviewEffect).call.tool == "approve_refund"


# ── a system that is down ────────────────────────────────────────────────────────────────────────────────


def test_a_resting_system_makes_a_ticket_and_the_bot_goes_on_answering() -> None:
    step = after(STARTED, PlanMade(call=READ), DOWN)
    assert only(step, HandOff) == HandOff(HandoffReason.TOOL_FAILURE)
    ended = only(reduce(step.state, HandedOff(ticket_number="HP-1", text="t"), 99), Finish)
    assert (ended.outcome, ended.answering) == (Outcome.HANDED_OVER, Answering.BOT)


def test_a_preview_of_a_resting_system_makes_a_ticket_too() -> None:
    assert only(after(STARTED, PlanMade(call=REFUND), DOWN), HandOff)


def test_a_single_time_out_of_a_read_makes_no_ticket() -> None:
    assert only(after(STARTED, PlanMade(call=READ), LOST), SayPhrase) == SayPhrase("tool_failed")


SEARCH = READ.model_copy(update={"tool": "search_kb", "ticket_when_down": False, "knowledge": True})
PAGE = Citation(chunk_id="faq_returns", title="Returns policy", url="https://shop.example/returns", quote="30 days.")


@pytest.mark.parametrize("trouble", [DOWN, LOST], ids=["resting", "timed out"])
def test_without_the_help_pages_a_person_gets_the_question_and_the_customer_what_is_known(trouble: ToolFailed) -> None:
    step = after(STARTED, PlanMade(call=SEARCH), trouble)
    assert only(step, HandOff) == HandOff(HandoffReason.TOOL_FAILURE)
    told = HandOffQueued(text="Within 30 days.", citations=(PAGE,))
    finish = only(after(STARTED, PlanMade(call=SEARCH), trouble, told), Finish)
    assert (finish.outcome, finish.answering, finish.citations) == (Outcome.HANDED_OVER, Answering.BOT, (PAGE,))


def test_a_question_that_the_search_did_not_like_is_no_outage() -> None:
    disliked = DOWN.model_copy(update={"error_class": ErrorClass.USER_FIXABLE, "code": "invalid_request"})
    assert only(after(STARTED, PlanMade(call=SEARCH), disliked), SayPhrase) == SayPhrase("tool_failed")


def test_what_was_looked_up_before_the_search_failed_is_told() -> None:
    found = ToolSucceeded(output={"order_id": "ABC123"}, ms=1)
    looked_up = (STARTED, PlanMade(call=READ), found, PlanMade(call=SEARCH))
    assert only(after(*looked_up, DOWN), SayPhrase) == SayPhrase("tool_failed")


def test_a_search_of_an_old_journal_is_told_as_it_was() -> None:
    old = SEARCH.model_copy(update={"knowledge": False})
    assert only(after(STARTED, PlanMade(call=old), DOWN), SayPhrase) == SayPhrase("tool_failed")


def test_the_customers_card_comes_first() -> None:
    assert only(after(STARTED, PlanMade(call=REFUND), CARD), AskConfirmation).preview == CARD
