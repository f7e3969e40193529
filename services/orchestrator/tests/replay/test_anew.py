"""Turns with another Brain or other tools: what is new is thought by the real engine, and nothing is carried out."""

import json
import socket
from dataclasses import replace
from typing import Any

import pytest

from contracts.base import ContractModel
from contracts.errors import ProblemCode
from contracts.money import Money
from contracts.tool import Deprecation
from contracts.tools.orders import GET_ORDER_STATUS
from contracts.turn import Role, Usage
from orchestrator.brain.port import BrainError, Message
from orchestrator.memory.short_term import Remembered
from orchestrator.replay.anew import Anew
from orchestrator.replay.comparing import Side, Tally, amounts
from orchestrator.replay.sandbox import Parts
from orchestrator.replay.tape import in_any_release
from orchestrator.replay.walls import Wall
from orchestrator.turn.inputs import PlanMade, PlannedCall, StopAsked, TurnStarted
from orchestrator.turn.journal import Recorded

from .conftest import Journal
from .thinkers import BEGAN_MS, FIFTY, STATUS, Lab, Script, calls, conversation, says

ASKED = "Where is my order ABC123?"
LOOKS_UP = [calls("get_order_status", order_id="ABC123"), says("Your order ABC123 is shipped.")]
REFUNDS = [calls("issue_refund", **FIFTY, reason="broken"), says("Done.")]
REFUNDED = {
    "refund_request_id": "rfd_1", "order_id": "ABC123", "amount": {"amount_minor": 5_000, "currency": "USD"},
    "state": "succeeded",
}  # fmt: skip


@pytest.fixture
def lab(offline: Any, parts: Parts) -> Lab:
    return Lab(parts, offline, conversation())


async def looked_up(lab: Lab) -> Any:
    return await lab.recorded(ASKED, Script(LOOKS_UP), {"get_order_status": STATUS})


async def test_the_same_brain_proposes_the_same_and_nothing_changes(lab: Lab) -> None:
    found = await lab.forked(await looked_up(lab), Script(LOOKS_UP))
    assert not found.changed
    assert (found.was, found.unknown) == (Side("answered", 0, False), "")
    assert found.steps_was == found.steps_now


async def test_the_offline_brain_gets_the_recorded_observation_and_words_it_itself(lab: Lab) -> None:
    found = await lab.forked(await looked_up(lab), lab.offline)
    assert found.told_was.proposed == found.told_now.proposed
    assert found.changed
    assert (found.was.ended, found.now.ended) == ("answered", "answered")
    assert "on its way" in found.told_now.answer
    assert "25 November" in found.told_now.answer
    assert found.told_was.answer != found.told_now.answer


async def test_a_fork_is_the_same_each_time(lab: Lab) -> None:
    recording = await looked_up(lab)
    assert await lab.forked(recording, lab.offline) == await lab.forked(recording, lab.offline)


async def test_a_read_that_was_never_made_is_unknown_and_not_guessed(lab: Lab) -> None:
    found = await lab.forked(await looked_up(lab), Script([calls("get_order", order_id="ABC123"), says("Two tents.")]))
    assert found.now == Side("unknown", 0, False)
    assert found.unknown.startswith("call get_order {")
    assert (found.told_now.answer, found.wish) == ("", None)


async def test_a_list_that_was_read_is_told_again_as_it_was(lab: Lab) -> None:
    listing = [calls("list_orders"), says("Your order is shipped.")]
    recording = await lab.recorded(ASKED, Script(listing), {"list_orders": {"orders": [STATUS], "more": False}})
    found = await lab.forked(recording, Script(listing))
    assert not found.changed
    assert (found.was, found.unknown) == (Side("answered", 0, False), "")


async def test_a_read_counts_as_recorded_in_whatever_order_it_is_made(lab: Lab) -> None:
    both = [LOOKS_UP[0], calls("get_refund", order_id="ABC123"), says("Your order is shipped.")]
    refund = {**REFUNDED, "state": "succeeded"}
    recording = await lab.recorded(ASKED, Script(both), {"get_order_status": STATUS, "get_refund": refund})
    found = await lab.forked(recording, Script([both[1], both[0], both[2]]))
    assert (found.now.ended, found.unknown) == ("answered", "")


async def test_a_write_that_was_never_asked_for_is_shown_with_its_policy_and_its_money(lab: Lab) -> None:
    recording = await lab.recorded(
        "Refund 50 USD of order ABC123, it is broken", Script([says("I cannot do this here.")])
    )
    found = await lab.forked(recording, Script(REFUNDS))
    assert found.now.ended == "unknown"
    assert found.unknown.startswith("ask what issue_refund")
    assert found.wish is not None
    assert found.wish.tool == "issue_refund"
    assert found.wish.arguments["amount_minor"] == 5_000
    assert "its customer must confirm it" in found.wish.verdict
    assert "its service would say whether staff must approve it" in found.wish.verdict
    assert (found.money, found.money_now) == (None, Money(amount_minor=5_000, currency="USD"))


async def test_a_confirmed_refund_goes_the_same_way_with_a_brain_that_asks_for_the_same(lab: Lab) -> None:
    text = "Refund 50 USD of order ABC123, it is broken"
    recording = await lab.recorded(text, Script(REFUNDS), {"issue_refund": REFUNDED})
    found = await lab.forked(recording, Script([REFUNDS[0], says("Your money is on its way.")]))
    assert (found.was, found.now) == (Side("answered", 0, False), Side("answered", 0, False))
    assert found.money == found.money_now == Money(amount_minor=5_000, currency="USD")
    assert found.told_was.proposed == found.told_now.proposed


async def test_a_refund_that_another_brain_would_not_have_asked_for_is_money_that_stays(lab: Lab) -> None:
    text, tally = "Refund 50 USD of order ABC123, it is broken", Tally()
    recording = await lab.recorded(text, Script(REFUNDS), {"issue_refund": REFUNDED})
    tally.add(await lab.forked(recording, Script([says("Which order?")])))
    tally.add(await lab.forked(await lab.recorded(text, Script([says("No.")])), Script(REFUNDS)))
    assert amounts(tally.money_no_longer_asked) == "50.00 USD"
    assert amounts(tally.money_newly_asked) == "50.00 USD"
    assert (tally.changed, tally.proposals, tally.unknown) == (2, 2, 1)


async def test_what_names_something_nobody_said_is_refused_in_the_fork_as_in_the_turn(lab: Lab) -> None:
    recording = await lab.recorded("Refund my order", Script([says("Which one?")]))
    found = await lab.forked(recording, Script(REFUNDS))
    assert (found.now.ended, found.wish, found.unknown) == ("clarify", None, "")


async def test_a_brain_that_loops_ends_where_the_budget_does(lab: Lab) -> None:
    again = Script([calls("get_order_status", order_id="ABC123")])
    found = await lab.forked(await looked_up(lab), again)
    assert (found.now.ended, found.unknown) == ("answered", "")
    assert len(again.seen) == 2


async def test_the_budget_of_the_turn_holds_for_what_the_other_brain_takes(lab: Lab) -> None:
    dear = Script(LOOKS_UP, usage=Usage(tokens_in=100, tokens_out=900, cost_micros=70))
    found = await lab.forked(await looked_up(lab), dear)
    assert len(dear.seen) == 1
    assert (found.now.ended, found.told_now.cost_micros) == ("refused", 70)
    assert not any("the tool answered" in one for one in found.steps_now)


async def test_a_model_that_does_not_answer_is_counted_and_the_offline_brain_does(lab: Lab) -> None:
    tally = Tally()
    found = await lab.forked(await looked_up(lab), Script([BrainError("unavailable")]))
    tally.add(found)
    assert found.now.ended == "degraded"
    assert found.told_now.proposed[0] == "no Brain answered: unavailable"
    assert tally.brain_failed == 1


async def test_the_other_brain_is_told_what_was_said_before_at_the_time_it_was(offline: Any, parts: Parts) -> None:
    said = (Message(Role.CUSTOMER, "Hello"), Message(Role.ASSISTANT, "Good morning."))
    lab = Lab(parts, offline, conversation(Remembered(said, "")))
    other = Script([says("Hello again.")])
    await lab.forked(await lab.recorded("And now?", Script([says("Yes?")])), other)
    (seen,) = other.seen
    assert seen.history == said
    assert seen.now.isoformat().startswith("2026-11-23T10:00")
    assert "issue_refund" in {one.name for one in seen.tools}


async def test_what_people_did_comes_when_they_did_it_and_not_before(lab: Lab) -> None:
    journal = Journal()
    planned = PlannedCall(tool="get_order", arguments={"order_id": "ABC123"}, args_hash="1", label="")
    told = (TurnStarted(text=ASKED, customer=True, channel="web"), PlanMade(call=planned), StopAsked())
    for number, one in enumerate(told):
        journal.add(Recorded(one, BEGAN_MS + number))
    other = Script(LOOKS_UP)
    found = await lab.forked(journal.recording(), other)
    assert len(other.seen) == 1
    assert found.steps_now[2].startswith("the customer stopped it")
    assert found.now.ended == "stopped"


async def test_an_address_in_what_a_tool_is_made_to_answer_reaches_no_brain(lab: Lab) -> None:
    other = Script(LOOKS_UP)
    told = json.dumps({"output": {**STATUS, "carrier": "ask eve@example.com"}})
    await lab.forked(await looked_up(lab), other, get_order_status=told)
    assert "ask <email_" in repr(other.seen)
    assert "eve@example.com" not in repr(other.seen)


async def test_an_address_in_the_message_reaches_no_brain(lab: Lab) -> None:
    other = Script([says("Hello.")])
    recording = await lab.recorded("I am ada@example.com, where is ABC123?", Script([says("Hello.")]))
    await lab.forked(recording, other)
    assert "ada@example.com" not in repr(other.seen)
    assert "<email_" in other.seen[0].question


async def test_a_tool_that_is_off_gets_its_question_to_a_person(lab: Lab) -> None:
    found = await lab.forked(await looked_up(lab), off="get_order_status")
    assert found.now == Side("handed_over", 0, True)
    assert found.told_now.proposed == ("rejected: switched_off",)


async def test_another_brain_knows_that_a_tool_is_off(lab: Lab) -> None:
    other = Script([says("I cannot look that up just now.")])
    found = await lab.forked(await looked_up(lab), other, off="get_order_status")
    assert found.now.ended == "answered"
    (seen,) = other.seen
    assert [one.name for one in seen.off] == ["get_order_status"]


async def test_what_is_off_is_not_approved_either(lab: Lab) -> None:
    recording = await lab.recorded("Refund 50 USD of order ABC123", Script(REFUNDS), {"issue_refund": REFUNDED})
    found = await lab.forked(recording, off="issue_refund")
    assert (found.money, found.money_now) == (Money(amount_minor=5_000, currency="USD"), None)


async def test_a_tool_that_a_turn_never_called_changes_nothing_in_it(lab: Lab) -> None:
    recording = await lab.recorded("Hello", Script([says("Hello.")]))
    assert not (await lab.forked(recording, off="search_kb")).changed
    assert not (await lab.forked(recording, get_order_status=json.dumps({"output": STATUS}))).changed


async def test_an_error_of_a_tool_is_worded_by_us_whichever_brain_had_asked(lab: Lab) -> None:
    told = json.dumps({"error": {"code": "order_not_found"}})
    found = await lab.forked(await looked_up(lab), get_order_status=told)
    assert (found.was.ended, found.now.ended, found.unknown) == ("answered", "refused", "")
    assert "order" in found.told_now.answer


async def test_another_output_is_worded_by_the_offline_brain_where_it_had_answered(lab: Lab) -> None:
    recording = await lab.recorded(ASKED, lab.offline, {"get_order_status": STATUS})
    told = json.dumps({"output": {**STATUS, "status": "cancelled"}})
    found = await lab.forked(recording, get_order_status=told)
    assert (found.now.ended, found.unknown) == ("answered", "")
    assert "cancelled" in found.told_now.answer


async def test_what_a_model_would_have_said_of_another_output_is_not_known(lab: Lab) -> None:
    told = json.dumps({"output": {**STATUS, "status": "cancelled"}})
    found = await lab.forked(await looked_up(lab), get_order_status=told)
    assert (found.now.ended, found.unknown) == ("unknown", "ask the Brain, with tools")


async def test_a_brain_and_a_tool_combine(lab: Lab) -> None:
    recording = await lab.recorded(ASKED, Script([says("I do not know.")]))
    told = json.dumps({"output": {**STATUS, "status": "cancelled"}})
    found = await lab.forked(recording, lab.offline, get_order_status=told)
    assert (found.now.ended, found.unknown) == ("answered", "")
    assert "cancelled" in found.told_now.answer


async def test_a_failed_look_up_is_forked_to_one_that_succeeds(lab: Lab) -> None:
    answers = {"get_order_status": ProblemCode.ORDER_NOT_FOUND}
    recording = await lab.recorded(ASKED, lab.offline, answers)
    found = await lab.forked(recording, get_order_status=json.dumps({"output": STATUS}))
    assert (found.was.ended, found.now.ended) == ("refused", "answered")


class NewLookup(ContractModel):
    """What was called `id` once."""

    order_id: str
    carrier: str | None = None


async def test_a_call_of_an_older_contract_is_the_same_under_its_new_names() -> None:
    renamed = Deprecation(argument="id", since="2026-10-01", remove_after="2026-12-01", replaced_by="order_id")
    contract = replace(GET_ORDER_STATUS, input=NewLookup, deprecations=(renamed,))
    for said in ({"id": "A1"}, {"order_id": "A1"}, {"order_id": "A1", "carrier": None}):
        assert in_any_release(contract, said) == {"id": "A1"}
    assert in_any_release(contract, {"id": "A1", "carrier": "DHL"}) != {"id": "A1"}


async def test_an_argument_that_has_its_default_is_the_same_as_none(lab: Lab) -> None:
    older = Script([calls("get_order_status", order_id="ABC123", email=None), LOOKS_UP[1]])
    recording = await lab.recorded(ASKED, older, {"get_order_status": STATUS})
    found = await lab.forked(recording, Script(LOOKS_UP))
    assert (found.now.ended, found.unknown) == ("answered", "")


async def test_thinking_anew_opens_no_socket_and_no_file(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    recording, sandbox = await looked_up(lab), lab.sandbox(Script(LOOKS_UP))

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a fork touches nothing")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setattr("builtins.open", forbidden)
    found = await Anew(sandbox, brain=True).forked(recording, lab.earlier)
    monkeypatch.undo()
    assert not found.changed


def test_whoever_comes_to_a_wall_is_told() -> None:
    with pytest.raises(AssertionError, match="a fork has no database, and was asked for its primary"):
        _ = Wall("database").primary
