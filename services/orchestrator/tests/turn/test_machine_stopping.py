"""The customer stops their own turn: at once while nothing is changed, and never in the middle of a change."""

import pytest

from contracts.errors import ErrorClass
from contracts.turn import Outcome
from orchestrator.turn.effects import CallTool, Effect, Finish, SayPhrase
from orchestrator.turn.inputs import (
    ConfirmationDecided,
    Drafted,
    EffectPreviewed,
    FollowUp,
    Guarded,
    MessageAdded,
    PlanMade,
    PlannedCall,
    RetryDue,
    StopAsked,
    ToolAccepted,
    ToolFailed,
    ToolSucceeded,
    TurnInput,
    TurnStarted,
)
from orchestrator.turn.machine import Step, fold, reduce

DIGEST = "a" * 64
STARTED = TurnStarted(text="Where is my order?", customer=True, channel="web")
READ = PlannedCall(tool="get_order_status", arguments={"order_id": "ABC123"}, args_hash="1", label="Looking")
SEARCH = PlannedCall(tool="search_kb", arguments={"query": "q"}, args_hash="2", label="Searching")
WRITE = PlannedCall(
    tool="issue_refund", arguments={}, args_hash="3", label="Refunding", write=True, needs_confirmation=True, ref="ref",
    approved_by=FollowUp(tool="approve_refund", label=""), closed_by=FollowUp(tool="close_refund", label=""),
)  # fmt: skip
PREVIEW = EffectPreviewed(summary="Refund 20.00", digest=DIGEST, expires_at_ms=900_000)
YES = ConfirmationDecided(digest=DIGEST, confirmed=True)
FOUND = ToolSucceeded(output={"strength": 0.1}, ms=1)
LATER = ToolAccepted(expires_at_ms=900_000, ms=1)
DONE = ToolSucceeded(output={"status": "refunded"}, ms=1)
LEFT = ToolSucceeded(output={"ref": "rfd_1", "approvals_needed": 1}, ms=1)
UNSURE = ToolFailed(error_class=ErrorClass.TIMEOUT, code="deadline_exceeded", ms=1)
ASKED, AGREED = (PlanMade(call=WRITE), PREVIEW), (PlanMade(call=WRITE), PREVIEW, YES)


def after(*inputs: TurnInput) -> Step:
    return fold([(one, number * 10) for number, one in enumerate(inputs)])


def kinds(effects: tuple[Effect, ...]) -> list[type]:
    return [type(one) for one in effects]


@pytest.mark.parametrize(
    "before",
    [(), (PlanMade(call=READ),), (PlanMade(call=SEARCH), FOUND), (PlanMade(call=READ), LATER), (PlanMade(call=WRITE),)],
    ids=["planning", "reading", "drafting", "waiting_for_a_read", "previewing"],
)
def test_what_changes_nothing_ends_at_once_in_words_of_ours(before: tuple[TurnInput, ...]) -> None:
    stopped = after(STARTED, *before, StopAsked())
    assert stopped.effects == (SayPhrase("stopped"),)
    said = Drafted(text="All right, I have stopped.")
    ended = after(STARTED, *before, StopAsked(), said, Guarded(verdict="pass", text=said.text))
    (finish,) = ended.effects
    assert isinstance(finish, Finish)
    assert (finish.outcome, finish.text, finish.citations) == (Outcome.STOPPED, said.text, ())
    assert ended.state.ended


def test_an_open_card_counts_as_declined() -> None:
    stopped = after(STARTED, *ASKED, StopAsked())
    declined = after(STARTED, *ASKED, ConfirmationDecided(digest=DIGEST, confirmed=False))
    assert stopped == declined
    assert stopped.state.outcome is Outcome.DECLINED


@pytest.mark.parametrize(
    "before",
    [AGREED, (*AGREED, UNSURE), (*AGREED, UNSURE, RetryDue()), (*AGREED, LATER), (*AGREED, DONE), (*AGREED, LEFT),
     (*AGREED, LEFT, PREVIEW)],
    ids=["under_way", "nobody_knows", "asked_again", "answers_later", "done", "registered", "waits_for_staff"],
)  # fmt: skip
def test_a_write_goes_to_its_end_and_is_told(before: tuple[TurnInput, ...]) -> None:
    going, stopped = after(STARTED, *before), after(STARTED, *before, StopAsked())
    assert stopped.effects == going.effects
    assert (stopped.state.phase, stopped.state.call) == (going.state.phase, going.state.call)


def test_a_stop_before_the_yes_leaves_no_way_to_the_write() -> None:
    stopped = after(STARTED, *ASKED, StopAsked())
    late = reduce(stopped.state, YES, 100)
    assert CallTool not in kinds(late.effects)
    assert late.effects == ()


def test_a_second_stop_and_a_late_message_change_nothing() -> None:
    once = after(STARTED, StopAsked())
    for late in (StopAsked(), MessageAdded(text="Still there?")):
        assert reduce(once.state, late, 100).effects == ()


@pytest.mark.parametrize("human", [True, False])
def test_who_asked_for_a_person_gets_one_whatever_is_stopped(human: bool) -> None:
    step = after(STARTED.model_copy(update={"wants_human": human}), StopAsked())
    assert (step.effects == (SayPhrase("stopped"),)) is not human
