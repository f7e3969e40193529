"""What the machine does with a call that needs a proven mail address, and with a message that we answer ourselves."""

import pytest

from contracts.turn import Answering, Outcome
from orchestrator.turn.effects import CallTool, Finish, PreviewEffect, SayPhrase
from orchestrator.turn.inputs import Drafted, Guarded, PlanMade, PlannedCall, TurnInput, TurnStarted
from orchestrator.turn.machine import PROVE_ADDRESS, Step, fold

ASKED = TurnStarted(text="Where is order 1234?", customer=False, channel="email")
CALL = PlannedCall(tool="get_order_status", arguments={"order_id": "1234"}, args_hash="1", label="")


def _after(*inputs: TurnInput) -> Step:
    return fold((one, 1_000 + n) for n, one in enumerate(inputs))


@pytest.mark.parametrize("changed", [{}, {"write": True, "needs_confirmation": True}])
def test_a_call_that_needs_a_proven_address_is_not_sent_and_the_customer_is_asked(changed: dict[str, bool]) -> None:
    step = _after(ASKED, PlanMade(call=CALL.model_copy(update={"unproven": True, **changed})))
    assert step.effects == (SayPhrase(PROVE_ADDRESS),)
    assert not any(isinstance(one, CallTool | PreviewEffect) for one in step.effects)
    said = Drafted(text="Is it yours?"), Guarded(verdict="pass", text="Is it yours?")
    done = _after(ASKED, PlanMade(call=CALL.model_copy(update={"unproven": True})), *said)
    assert done.state.outcome is Outcome.CLARIFY
    assert isinstance(done.effects[0], Finish)


def test_a_call_of_who_has_proven_it_is_sent() -> None:
    assert isinstance(_after(ASKED, PlanMade(call=CALL)).asking, CallTool)


def test_a_message_that_we_answer_ourselves_is_read_by_no_brain() -> None:
    step = _after(ASKED.model_copy(update={"told": "code_wrong"}))
    assert step.effects == (SayPhrase("code_wrong"),)


def test_where_a_person_answers_we_say_nothing_ourselves() -> None:
    step = _after(ASKED.model_copy(update={"told": "code_wrong", "answering": Answering.STAFF}))
    assert step.state.outcome is Outcome.WITH_STAFF
