"""What a turn may use, by the level that it began at; the level is in the journal, so a replay decides alike."""

import pytest

from contracts.tools.tickets import HandoffReason
from contracts.turn import FinalMessage, Outcome, Usage
from orchestrator.turn.budgets import Budgets, Level
from orchestrator.turn.effects import CallPlanner, Finish, HandOff
from orchestrator.turn.inputs import (
    Guarded,
    HandedOff,
    PlanMade,
    PlannedCall,
    ToolSucceeded,
    TurnInput,
    TurnStarted,
    input_adapter,
)
from orchestrator.turn.machine import Step, fold

READ = PlannedCall(tool="search_kb", arguments={}, args_hash="1", label="Looking")


def started(**budgets: object) -> TurnStarted:
    return TurnStarted(text="How do I return it?", customer=True, channel="web", budgets=Budgets(**budgets))  # type: ignore[arg-type]


def after(*inputs: TurnInput) -> Step:
    return fold((one, 10 * number) for number, one in enumerate(inputs))


def asked(step: Step) -> object:
    return step.effects[-1]


@pytest.mark.parametrize("level", [Level.STRONG, Level.SMALL])
def test_as_long_as_a_model_may_be_asked_it_is(level: Level) -> None:
    assert asked(after(started(level=level))) == CallPlanner(may_call=True, degraded=False)


def test_with_little_left_the_offline_brain_answers_and_the_turn_says_so() -> None:
    answer = PlanMade(message=FinalMessage(text="Within 30 days."))
    step = after(started(level=Level.KNOWLEDGE))
    assert asked(step) == CallPlanner(may_call=True, degraded=True)
    ended = after(started(level=Level.KNOWLEDGE), answer, Guarded(verdict="pass", text="Within 30 days."))
    assert ended.state.outcome is Outcome.DEGRADED


UNANSWERED = ToolSucceeded(output={"answerable": False, "strength": 0.1}, ms=1)
REFUSAL = Guarded(verdict="refuse", text="I could not find that.", refusal="not_in_knowledge_base")
CANNOT = PlanMade(message=FinalMessage(text="I cannot look that up at the moment.", refuses=True))


def test_what_the_help_pages_alone_do_not_answer_goes_to_a_person() -> None:
    low = started(level=Level.KNOWLEDGE, level_reason="customer_day")
    said = PlanMade(message=FinalMessage(text="I could not find that."))
    assert asked(after(low, PlanMade(call=READ), UNANSWERED, said, REFUSAL)) == HandOff(HandoffReason.BUDGET)
    assert asked(after(low, CANNOT, Guarded(verdict="pass", text="I cannot."))) == HandOff(HandoffReason.BUDGET)
    # With a model at hand the same is a plain refusal.
    assert isinstance(asked(after(started(), CANNOT, Guarded(verdict="pass", text="I cannot."))), Finish)


def test_a_guest_who_has_to_sign_in_is_told_so_and_costs_nobody_time() -> None:
    guest = started(level=Level.KNOWLEDGE).model_copy(update={"customer": False})
    told = after(guest, CANNOT, Guarded(verdict="pass", text="Please sign in."))
    assert isinstance(asked(told), Finish)


def test_with_nothing_left_a_person_answers_and_no_model_is_asked() -> None:
    step = after(started(level=Level.EMAIL, level_reason="shop_day"))
    assert asked(step) == HandOff(HandoffReason.BUDGET)
    ended = after(started(level=Level.EMAIL), HandedOff(ticket_number="HP-1", text="A person answers."))
    assert isinstance(asked(ended), Finish)


def test_who_asks_for_a_person_gets_one_for_that_reason_at_any_level() -> None:
    for level in Level:
        message = started(level=level).model_copy(update={"wants_human": True})
        assert asked(after(message)) == HandOff(HandoffReason.CUSTOMER_ASKED)


def test_a_turn_that_has_cost_enough_asks_no_model_again() -> None:
    dear = PlanMade(call=READ, usage=Usage(tokens_in=10, tokens_out=1, cost_micros=500))
    found = ToolSucceeded(output={"strength": 0.9}, ms=1)
    assert asked(after(started(cost_micros=500), dear, found)) == CallPlanner(may_call=False, degraded=True)
    assert asked(after(started(cost_micros=501), dear, found)) == CallPlanner(may_call=True, degraded=False)


def test_a_journal_from_before_there_were_levels_reads_as_the_strongest() -> None:
    old = '{"kind":"turn_started","text":"hi","customer":true,"channel":"web","budgets":{"tokens":3000}}'
    read = input_adapter().validate_json(old)
    assert isinstance(read, TurnStarted)
    assert (read.budgets.level, read.budgets.cost_micros) == (Level.STRONG, 0)


def test_a_replay_of_the_stored_journal_decides_alike() -> None:
    adapter = input_adapter()
    for level in Level:
        message = started(level=level, level_reason="session")
        stored = adapter.validate_json(adapter.dump_json(message))
        assert after(stored) == after(message)
