"""The paths of a turn, one by one, as a reader would tell them."""

import pytest

from contracts.errors import ErrorClass
from contracts.tool import RiskTier
from contracts.tools.tickets import HandoffReason
from contracts.turn import Answering, Citation, FinalMessage, Outcome, Usage
from orchestrator.turn import evidence
from orchestrator.turn.budgets import Budgets
from orchestrator.turn.confidence import Confidence
from orchestrator.turn.effects import (
    AskApproval,
    AskConfirmation,
    CallPlanner,
    CallTool,
    CheckGuardrails,
    Draft,
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
)
from orchestrator.turn.machine import Step, reduce
from orchestrator.turn.state import Phase, TurnState

DIGEST, OTHER_DIGEST = "a" * 64, "b" * 64
STARTED = TurnStarted(text="Where is my order?", customer=True, channel="web")
READ = PlannedCall(tool="get_order_status", arguments={"order_id": "ABC123"}, args_hash="1", label="Looking")
WRITE = PlannedCall(
    tool="create_ticket", arguments={}, args_hash="2", label="Opening", write=True, needs_confirmation=True
)
REFUND = WRITE.model_copy(update={"tool": "issue_refund", "needs_approval": True})
PREVIEW = EffectPreviewed(summary="Open a ticket", digest=DIGEST, expires_at_ms=900_000)
YES = ConfirmationDecided(digest=DIGEST, confirmed=True)


def after(*inputs: TurnInput, every_ms: int = 10) -> Step:
    step = Step(TurnState())
    for number, one in enumerate(inputs):
        step = reduce(step.state, one, number * every_ms)
    return step


def asks(step: Step, kind: type) -> object:
    found = [effect for effect in step.effects if isinstance(effect, kind)]
    assert len(found) == 1, f"wanted one {kind.__name__} in {step.effects}"
    return found[0]


def test_a_message_goes_to_the_planner() -> None:
    assert asks(after(STARTED), CallPlanner) == CallPlanner(may_call=True)


def test_a_read_runs_without_a_confirmation_and_its_result_goes_back_to_the_planner() -> None:
    assert asks(after(STARTED, PlanMade(call=READ)), CallTool) == CallTool(READ)
    assert asks(after(STARTED, PlanMade(call=READ), ToolSucceeded(output={}, ms=5)), CallPlanner)


@pytest.mark.parametrize("strength", ["strong", None, [1], -3, 7])
def test_a_tool_that_means_something_else_by_strength_breaks_no_turn(strength: object) -> None:
    state = after(STARTED, PlanMade(call=READ), ToolSucceeded(output={"strength": strength}, ms=5)).state
    assert 0 <= evidence.confidence(state.observed) <= 1


def test_an_answer_is_guarded_before_it_is_sent() -> None:
    quote = Citation(chunk_id="c", title="Returns", url="https://shop.example/help/returns", quote="30 days")
    message = FinalMessage(text="30 days.", citations=(quote,))
    checked = after(STARTED, PlanMade(message=message))
    assert asks(checked, CheckGuardrails) == CheckGuardrails("30 days.", (quote,))
    ended = after(STARTED, PlanMade(message=message), Guarded(verdict="pass", text="30 days.", citations=(quote,)))
    finish = asks(ended, Finish)
    assert isinstance(finish, Finish)
    assert (finish.outcome, finish.text, finish.citations) == (Outcome.ANSWERED, "30 days.", (quote,))


def test_a_polite_no_is_recorded_as_one() -> None:
    step = after(STARTED, PlanMade(message=FinalMessage(text="Please sign in.", refuses=True)))
    assert step.state.outcome is Outcome.REFUSED


def test_a_question_back_is_recorded_as_one() -> None:
    step = after(STARTED, PlanMade(message=FinalMessage(text="What is it about?", asks_back=True)))
    assert step.state.outcome is Outcome.CLARIFY


def test_a_write_is_previewed_then_waits_for_the_customer() -> None:
    assert asks(after(STARTED, PlanMade(call=WRITE)), PreviewEffect) == PreviewEffect(WRITE)
    waiting = after(STARTED, PlanMade(call=WRITE), PREVIEW)
    assert asks(waiting, AskConfirmation) == AskConfirmation(WRITE, PREVIEW)
    assert waiting.state.waiting


def test_a_yes_runs_exactly_the_previewed_effect() -> None:
    assert asks(after(STARTED, PlanMade(call=WRITE), PREVIEW, YES), CallTool) == CallTool(WRITE, digest=DIGEST)


def test_a_yes_to_another_effect_changes_nothing() -> None:
    step = after(STARTED, PlanMade(call=WRITE), PREVIEW, ConfirmationDecided(digest=OTHER_DIGEST, confirmed=True))
    assert step.effects == ()
    assert step.state.phase is Phase.WAIT_CONFIRMATION


def test_a_no_ends_politely_and_runs_nothing() -> None:
    step = after(STARTED, PlanMade(call=WRITE), PREVIEW, ConfirmationDecided(digest=DIGEST, confirmed=False))
    assert asks(step, SayPhrase) == SayPhrase("declined")
    ended = reduce(
        reduce(step.state, Drafted(text="All right."), 60).state, Guarded(verdict="pass", text="All right."), 70
    )
    assert ended.state.outcome is Outcome.DECLINED


def test_nobody_deciding_in_time_ends_politely() -> None:
    step = after(STARTED, PlanMade(call=WRITE), PREVIEW, WaitExpired(digest=DIGEST))
    assert asks(step, SayPhrase) == SayPhrase("expired")


def test_a_newer_card_in_its_place_ends_it_and_says_so() -> None:
    step = after(STARTED, PlanMade(call=WRITE), PREVIEW, WaitExpired(digest=DIGEST, superseded=True))
    assert asks(step, SayPhrase) == SayPhrase("superseded")
    assert not any(isinstance(effect, CallTool) for effect in step.effects)


def test_an_effect_above_the_limit_also_waits_for_staff() -> None:
    waiting = after(STARTED, PlanMade(call=REFUND), PREVIEW, YES)
    assert asks(waiting, AskApproval) == AskApproval(REFUND, PREVIEW)
    approved = reduce(waiting.state, ApprovalDecided(digest=DIGEST, approved=True, approver="eve"), 100)
    assert asks(approved, CallTool) == CallTool(REFUND, digest=DIGEST, approvers=("eve",))
    denied = reduce(waiting.state, ApprovalDecided(digest=DIGEST, approved=False, approver="eve"), 100)
    assert asks(denied, SayPhrase) == SayPhrase("denied")


def test_nothing_further_may_be_called_after_a_confirmed_write() -> None:
    step = after(STARTED, PlanMade(call=WRITE), PREVIEW, YES, ToolSucceeded(output={}, ms=1))
    assert asks(step, CallPlanner) == CallPlanner(may_call=False)


@pytest.mark.parametrize(
    ("error_class", "outcome"),
    [
        (ErrorClass.TIMEOUT, Outcome.TOOL_FAILED),
        (ErrorClass.TRANSIENT, Outcome.TOOL_FAILED),
        (ErrorClass.NOT_FOUND, Outcome.REFUSED),
        (ErrorClass.NOT_AUTHORISED, Outcome.REFUSED),
    ],
)
def test_a_failed_tool_is_told_in_words_of_ours(error_class: ErrorClass, outcome: Outcome) -> None:
    step = after(STARTED, PlanMade(call=READ), ToolFailed(error_class=error_class, code="x", ms=1))
    assert asks(step, SayPhrase) == SayPhrase("tool_failed")
    assert step.state.outcome is outcome


def test_a_proposal_that_fits_no_contract_becomes_a_question() -> None:
    assert asks(after(STARTED, PlanRejected(reason="unknown_tool")), SayPhrase) == SayPhrase("clarify")


def test_when_no_model_answers_the_offline_policy_does_and_then_a_person() -> None:
    failed = PlanFailed(reason="unavailable")
    assert asks(after(STARTED, failed), CallPlanner) == CallPlanner(may_call=True, degraded=True)
    assert asks(after(STARTED, failed, failed), HandOff) == HandOff(HandoffReason.BRAIN_DOWN)


@pytest.mark.parametrize("trouble", [PlanFailed(reason="unavailable"), PlanRejected(reason="malformed")])
def test_what_was_done_is_told_by_the_offline_policy_when_the_model_has_no_words_for_it(trouble: TurnInput) -> None:
    done = (STARTED, PlanMade(call=WRITE), PREVIEW, YES, ToolSucceeded(output={}, ms=1))
    assert asks(after(*done, trouble), CallPlanner) == CallPlanner(may_call=False, degraded=True)


def test_what_was_looked_up_is_told_by_the_offline_policy_when_the_models_reply_is_none() -> None:
    found = (STARTED, PlanMade(call=READ), ToolSucceeded(output={}, ms=1))
    step = after(*found, PlanRejected(reason="malformed"))
    assert asks(step, CallPlanner) == CallPlanner(may_call=False, degraded=True)


def test_an_identical_call_is_not_made_twice() -> None:
    step = after(STARTED, PlanMade(call=READ), ToolSucceeded(output={}, ms=1), PlanMade(call=READ))
    assert asks(step, Draft) == Draft()


def test_a_weak_search_is_answered_by_the_stronger_writer() -> None:
    step = after(STARTED, PlanMade(call=READ), ToolSucceeded(output={"strength": 0.4}, ms=1))
    assert asks(step, Draft) == Draft()


@pytest.mark.parametrize(("refuses", "outcome"), [(True, Outcome.REFUSED), (False, Outcome.ANSWERED)])
def test_what_the_writer_finds_to_be_no_answer_is_recorded_as_a_no(refuses: bool, outcome: Outcome) -> None:
    found = ToolSucceeded(output={"strength": 0.6, "answerable": True}, ms=1)
    step = after(STARTED, PlanMade(call=READ), found, Drafted(text="Nothing found.", refuses=refuses))
    assert step.state.outcome is outcome


def test_the_tool_budget_ends_the_loop() -> None:
    second = READ.model_copy(update={"args_hash": "9"})
    third = READ.model_copy(update={"args_hash": "10"})
    found = ToolSucceeded(output={}, ms=1)
    spent = after(STARTED, PlanMade(call=READ), found, PlanMade(call=second), found)
    assert asks(spent, CallPlanner) == CallPlanner(may_call=False)
    assert asks(reduce(spent.state, PlanMade(call=third), 99), Draft) == Draft()


def test_a_turn_that_waited_long_for_a_worker_looks_up_once_what_it_is_asked_for() -> None:
    """A turn that was recorded before there was `late_call` is replayed as it was decided then."""
    late = Budgets(late_call=True)
    waited = after(STARTED.model_copy(update={"budgets": late}), PlanMade(call=READ), every_ms=late.soft_ms)
    assert asks(waited, CallTool) == CallTool(READ)
    found = reduce(waited.state, ToolSucceeded(output={}, ms=1), late.soft_ms + 2)
    assert asks(found, CallPlanner) == CallPlanner(may_call=False)
    assert asks(after(STARTED, PlanMade(call=READ), every_ms=late.soft_ms), Draft) == Draft()


def test_spent_tokens_end_the_models_part() -> None:
    dear = PlanMade(call=READ, usage=Usage(tokens_in=2900, tokens_out=200))
    step = after(STARTED, dear)
    assert asks(step, CallPlanner) == CallPlanner(may_call=False, degraded=True)


def test_a_turn_beyond_its_hard_limit_goes_to_a_person() -> None:
    step = after(STARTED, PlanMade(call=READ), every_ms=31_000)
    assert asks(step, HandOff) == HandOff(HandoffReason.BUDGET)


def test_waiting_for_a_person_does_not_use_up_the_turns_time() -> None:
    waiting = after(STARTED, PlanMade(call=WRITE), PREVIEW)
    confirmed = reduce(waiting.state, YES, 600_000)
    assert asks(confirmed, CallTool)
    assert confirmed.state.worked_ms(600_010) < 100


def test_a_customer_who_asks_for_a_person_gets_one_without_asking_a_model() -> None:
    step = after(STARTED.model_copy(update={"wants_human": True}))
    assert asks(step, HandOff) == HandOff(HandoffReason.CUSTOMER_ASKED)
    ended = reduce(step.state, HandedOff(ticket_number="HP-1", text="A person has it."), 50)
    finish = asks(ended, Finish)
    assert isinstance(finish, Finish)
    assert (finish.outcome, finish.answering) == (Outcome.HANDED_OVER, Answering.STAFF)


def test_the_bot_keeps_silent_while_a_person_answers() -> None:
    step = after(STARTED.model_copy(update={"answering": Answering.STAFF}))
    finish = asks(step, Finish)
    assert isinstance(finish, Finish)
    assert (finish.outcome, finish.text) == (Outcome.WITH_STAFF, "")


def test_a_conversation_that_used_up_its_tokens_goes_to_a_person() -> None:
    step = after(STARTED.model_copy(update={"budgets": Budgets(session_tokens_left=0)}))
    assert asks(step, HandOff) == HandOff(HandoffReason.BUDGET)


def test_a_message_that_came_before_the_first_plan_is_read_with_the_first() -> None:
    step = after(STARTED, MessageAdded(text="It is ABC123."))
    assert step.state.text == "Where is my order?\nIt is ABC123."
    assert asks(step, CallPlanner)


def test_a_person_who_took_over_meanwhile_keeps_the_bot_silent() -> None:
    step = after(STARTED, StaffTookOver())
    assert isinstance(asks(step, Finish), Finish)
    assert step.state.outcome is Outcome.WITH_STAFF


def test_a_person_who_takes_over_silences_the_bot_in_the_middle_of_its_work_but_breaks_off_no_change() -> None:
    reading = after(STARTED, PlanMade(call=READ), StaffTookOver())
    finish = asks(reading, Finish)
    assert isinstance(finish, Finish)
    assert (finish.outcome, finish.text, finish.answering) == (Outcome.WITH_STAFF, "", Answering.STAFF)
    for untouched in ((PREVIEW,), (PREVIEW, YES)):
        assert after(STARTED, PlanMade(call=WRITE), *untouched, StaffTookOver()).effects == ()


def test_asking_for_a_person_in_a_message_that_waited_is_not_lost() -> None:
    step = after(STARTED, MessageAdded(text="A person, please.", wants_human=True))
    assert asks(step, HandOff) == HandOff(HandoffReason.CUSTOMER_ASKED)
    asked_first = after(STARTED.model_copy(update={"wants_human": True}), MessageAdded(text="It is broken."))
    assert asks(asked_first, HandOff) == HandOff(HandoffReason.CUSTOMER_ASKED)
    assert asked_first.state.text == "Where is my order?\nIt is broken."


def test_a_person_that_is_needed_before_any_model_is_asked_is_fetched() -> None:
    escalated = Escalated(reason=HandoffReason.REPEATED_QUESTION)
    assert asks(after(STARTED, escalated), HandOff) == HandOff(HandoffReason.REPEATED_QUESTION)
    ended = after(STARTED, escalated, HandedOff(ticket_number="HP-1", text="A person comes."))
    assert (ended.state.outcome, ended.state.answering) == (Outcome.HANDED_OVER, Answering.STAFF)


@pytest.mark.parametrize("call", [READ, WRITE])
def test_a_call_that_goes_round_in_circles_is_not_made_and_fetches_a_person(call: PlannedCall) -> None:
    looping = PlanMade(call=call.model_copy(update={"looping": True}), usage=Usage(tokens_in=7))
    fetched = after(STARTED, looping)
    assert asks(fetched, HandOff) == HandOff(HandoffReason.REPEATED_CALL)
    assert not [one for one in fetched.effects if isinstance(one, CallTool | PreviewEffect)]
    assert fetched.state.usage.tokens_in == 7


def test_it_changes_nothing_once_a_plan_was_made() -> None:
    executing = after(STARTED, PlanMade(call=READ))
    assert reduce(executing.state, Escalated(reason=HandoffReason.ABUSE), 5).effects == ()


def test_a_guard_that_is_not_sure_says_why_a_person_is_fetched_and_how_sure_it_was() -> None:
    unsure = Confidence(score=0.2, tier=RiskTier.MONEY, escalate=True, reasons=("the model gives itself 0.10",))
    guarded = Guarded(verdict="hand_over", text="", handoff=HandoffReason.LOW_CONFIDENCE, confidence=unsure)
    fetched = after(STARTED, PlanMade(message=FinalMessage(text="Yes.", confidence=0.1)), guarded)
    assert asks(fetched, HandOff) == HandOff(HandoffReason.LOW_CONFIDENCE)
    assert (fetched.state.judged, fetched.state.self_check) == (unsure, 0.1)


def test_an_answer_that_is_not_sure_enough_may_be_a_question_back() -> None:
    asked = after(STARTED, PlanMade(message=FinalMessage(text="Yes.")), Guarded(verdict="ask", text=""))
    assert asks(asked, SayPhrase) == SayPhrase("clarify")
    ended = after(
        STARTED, PlanMade(message=FinalMessage(text="Yes.")), Guarded(verdict="ask", text=""),
        Drafted(text="Which order?"), Guarded(verdict="pass", text="Which order?"),
    )  # fmt: skip
    assert (ended.state.outcome, ended.state.answer_text) == (Outcome.CLARIFY, "Which order?")


def test_what_was_mended_in_the_brains_replies_is_kept_for_the_judgement() -> None:
    mended = after(STARTED, PlanMade(call=READ, repairs=("coerced:order_id",)), ToolSucceeded(output={}, ms=1),
                   PlanMade(message=FinalMessage(text="Shipped."), repairs=("reprompted",)))  # fmt: skip
    assert mended.state.repairs == ("coerced:order_id", "reprompted")
