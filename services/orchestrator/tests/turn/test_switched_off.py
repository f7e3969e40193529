"""A tool that is switched off, a channel that is off, and shadow mode, as the machine decides them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ErrorClass
from contracts.tools.tickets import HandoffReason
from contracts.turn import Answering, FinalMessage, Outcome
from orchestrator.turn.effects import AskConfirmation, CallPlanner, CallTool, Finish, HandOff, PreviewEffect
from orchestrator.turn.inputs import (
    ApprovalDecided,
    ConfirmationDecided,
    Drafted,
    EffectPreviewed,
    FollowUp,
    Guarded,
    HandedOff,
    HandOffQueued,
    PlanFailed,
    PlanMade,
    PlannedCall,
    PlanRejected,
    StaffTookOver,
    StopAsked,
    ToolFailed,
    ToolSucceeded,
    TurnInput,
    TurnStarted,
)
from orchestrator.turn.machine import Step, reduce
from orchestrator.turn.state import TurnState

DIGEST = "a" * 64
STARTED = TurnStarted(text="Refund order 1234", customer=True, requester="cust_ada", channel="web")
SHADOW, CLOSED = STARTED.model_copy(update={"mode": "shadow"}), STARTED.model_copy(update={"mode": "off"})
READ = PlannedCall(tool="get_order_status", arguments={}, args_hash="1", label="Looking")
SEARCH = PlannedCall(tool="search_kb", arguments={}, args_hash="3", label="Searching", knowledge=True)
REFUND = PlannedCall(
    tool="issue_refund", arguments={}, args_hash="2", label="Refund", write=True, needs_confirmation=True,
    approved_by=FollowUp(tool="approve_refund", label=""), closed_by=FollowUp(tool="close_refund", label=""), ref="id",
)  # fmt: skip
OFF = ToolFailed(error_class=ErrorClass.TRANSIENT, code="tool_switched_off", ms=0, attempts=0)
PREVIEW = EffectPreviewed(summary="Refund 50.00", digest=DIGEST, expires_at_ms=900_000)
YES = ConfirmationDecided(digest=DIGEST, confirmed=True)
APPROVED = ApprovalDecided(digest=DIGEST, approved=True, approver="staff_kim")
REGISTERED = ToolSucceeded(output={"id": "r", "approvals_needed": 1}, ms=1)
ANSWER = PlanMade(message=FinalMessage(text="It is on its way."))
PASSED = Guarded(verdict="pass", text="It is on its way.")
TICKET = HandedOff(ticket_number="T-1", text="A person will answer.")


def after(*inputs: TurnInput) -> Step:
    step = Step(TurnState())
    for number, one in enumerate(inputs):
        step = step.then(reduce(step.state, one, number * 10))
    return step


@pytest.mark.parametrize(
    "inputs",
    [
        (PlanMade(call=READ), OFF),
        (PlanMade(call=REFUND), OFF),
        (PlanMade(call=REFUND), PREVIEW, YES, OFF),
        (PlanMade(call=REFUND), PREVIEW, YES, REGISTERED, PREVIEW, APPROVED, OFF),
        (PlanRejected(reason="switched_off"),),
    ],
    ids=["read", "plan and preview", "confirmation and call", "approval and call", "not even planned"],
)
def test_whenever_it_is_switched_off_a_person_gets_it_and_the_bot_answers_the_rest(
    inputs: tuple[TurnInput, ...],
) -> None:
    step = after(STARTED, *inputs)
    assert step.asking == HandOff(HandoffReason.POLICY)
    assert step.state.tool_off
    ended = after(STARTED, *inputs, TICKET)
    assert (ended.state.outcome, ended.state.answering) == (Outcome.HANDED_OVER, Answering.BOT)


def test_staff_are_not_asked_about_what_is_off_and_the_refund_is_closed() -> None:
    step = after(STARTED, PlanMade(call=REFUND), PREVIEW, YES, REGISTERED, OFF)
    assert isinstance(step.asking, CallTool)
    assert step.asking.call.tool == "close_refund"


def test_without_the_search_the_fallback_of_the_help_pages_answers() -> None:
    assert after(STARTED, PlanMade(call=SEARCH), OFF).asking == HandOff(HandoffReason.TOOL_FAILURE)


def test_in_a_channel_that_is_off_no_model_is_asked() -> None:
    step = after(CLOSED)
    assert step.asking == HandOff(HandoffReason.POLICY)
    assert after(CLOSED, TICKET).state.answering is Answering.STAFF


def test_a_draft_goes_to_staff_and_the_customer_hears_that_a_person_answers() -> None:
    step = after(SHADOW, PlanMade(call=READ), ToolSucceeded(output={}, ms=1), ANSWER, PASSED)
    assert step.asking == HandOff(HandoffReason.POLICY)
    (finish,) = (one for one in after(SHADOW, ANSWER, PASSED, TICKET).effects if isinstance(one, Finish))
    assert (finish.text, finish.answering) == ("A person will answer.", Answering.STAFF)


def test_what_would_change_something_ends_as_a_plan_for_staff_to_see() -> None:
    step = after(SHADOW, PlanMade(call=REFUND))
    assert step.asking == HandOff(HandoffReason.POLICY)
    assert not [one for one in step.effects if isinstance(one, PreviewEffect)]


def test_with_a_person_there_already_every_message_gets_a_draft_and_no_word() -> None:
    started = SHADOW.model_copy(update={"answering": Answering.STAFF})
    assert isinstance(after(started).asking, CallPlanner)
    ended = after(started, ANSWER, PASSED)
    assert [(one.outcome, one.text) for one in ended.effects if isinstance(one, Finish)] == [(Outcome.WITH_STAFF, "")]
    assert isinstance(after(SHADOW, StaffTookOver()).asking, CallPlanner)
    assert after(SHADOW, ANSWER, StaffTookOver(), PASSED).state.outcome is Outcome.WITH_STAFF


def test_a_tool_that_fails_in_shadow_mode_leaves_the_customer_to_a_person_alone() -> None:
    step = after(SHADOW, PlanMade(call=SEARCH), OFF)
    assert (step.asking, step.state.tool_off) == (HandOff(HandoffReason.POLICY), False)
    assert after(SHADOW, PlanMade(call=SEARCH), OFF, TICKET).state.answering is Answering.STAFF


def test_the_customers_stop_is_heard_in_shadow_mode_too() -> None:
    stopped = after(SHADOW, StopAsked(), Drafted(text="Stopped."), Guarded(verdict="pass", text="Stopped."))
    assert stopped.state.outcome is Outcome.STOPPED


INPUTS: list[TurnInput] = [
    PlanMade(call=READ), PlanMade(call=REFUND), PlanMade(call=SEARCH), ANSWER, PASSED, PREVIEW, YES, APPROVED, OFF,
    REGISTERED, ToolSucceeded(output={}, ms=1), Drafted(text="Words of the bot."), StaffTookOver(), TICKET,
    PlanRejected(reason="unknown_tool"), PlanRejected(reason="switched_off"), PlanFailed(reason="timeout"),
    HandOffQueued(text="A person will answer."), Guarded(verdict="ask", text=""), Guarded(verdict="hand_over", text=""),
    ToolFailed(error_class=ErrorClass.TIMEOUT, code="deadline_exceeded", ms=1),
]  # fmt: skip


@given(st.sampled_from(Answering), st.lists(st.sampled_from(INPUTS), max_size=14))
def test_in_shadow_mode_nothing_is_moved_and_no_word_of_the_bots_is_told(
    answering: Answering, inputs: list[TurnInput]
) -> None:
    step = Step(TurnState())
    for number, one in enumerate((SHADOW.model_copy(update={"answering": answering}), *inputs)):
        step = reduce(step.state, one, number * 10)
        for effect in step.effects:
            assert not isinstance(effect, PreviewEffect | AskConfirmation)
            assert not (isinstance(effect, CallTool) and effect.call.write)
            if isinstance(effect, Finish):
                assert effect.text in ("", "A person will answer.")
                assert effect.answering is Answering.STAFF
