"""Once a person has a conversation, nothing that was still under way gives it back to the bot."""

import json

import pytest

from e2e.facts import rows, tickets_of, turn_ended
from e2e.people import stranger
from onebox.keys import ADA, KIM

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
ASK = "Please open a ticket: the zip of my new tent broke after only two nights in the mountains."


async def _is_with_staff(visitor, conversation_id: str) -> None:
    assert (await visitor.view(conversation_id))["answering"] == "staff"
    silent = await visitor.say("How do I return an item?", conversation_id)
    assert (silent.outcome, silent.text) == ("with_staff", "")
    assert (await visitor.view(conversation_id))["answering"] == "staff"


@pytest.mark.parametrize("confirmed", [True, False])
async def test_a_card_that_is_answered_after_the_hand_over_leaves_it_with_the_person(
    machine, visit, confirmed: bool
) -> None:
    visitor = visit(stranger())
    turn = await visitor.say(ASK)
    handed = await visitor.follow(await visitor.hand_off(turn.conversation_id))
    assert handed.outcome == "handed_over"
    assert (await visitor.decide(turn, confirmed)).status_code == 202
    await visitor.follow(turn, to_end=True)
    await _is_with_staff(visitor, turn.conversation_id)


async def test_a_card_that_expires_after_the_hand_over_leaves_it_with_the_person(machine, visit, short_cards) -> None:
    visitor = visit(stranger())
    turn = await visitor.say(ASK)
    await visitor.follow(await visitor.hand_off(turn.conversation_id))
    await turn_ended(machine.database("orchestrator"), turn.turn_id)
    await _is_with_staff(visitor, turn.conversation_id)


async def test_a_message_sent_while_the_hand_over_runs_is_left_to_the_person(machine, visit) -> None:
    visitor = visit(stranger())
    conversation_id = await visitor.begin()
    handing = await visitor.hand_off(conversation_id)
    following = await visitor.send(conversation_id, "How do I return an item?")
    await visitor.follow(handing)
    await visitor.follow(following)
    assert handing.outcome == "handed_over"
    if following.turn_id != handing.turn_id:
        assert (following.outcome, following.text) == ("with_staff", "")
    await _is_with_staff(visitor, conversation_id)


async def test_a_person_that_is_asked_for_while_a_turn_runs_comes(machine, visit, llm) -> None:
    """The message before it is read together with it; the wish for a person must not get lost in that."""
    llm.behave(first_token_ms=1500)
    visitor = visit(stranger())
    conversation_id = await visitor.begin()
    running = await visitor.send(conversation_id, "Hello")
    waiting = await visitor.send(conversation_id, "How do I return an item?")
    handing = await visitor.hand_off(conversation_id)
    for turn in (running, waiting, handing):
        await visitor.follow(turn)
    assert handing.outcome == "handed_over"
    assert len(await tickets_of(machine.database("tickets"), conversation_id)) == 1
    assert (await visitor.view(conversation_id))["answering"] == "staff"


async def test_asking_twice_is_one_hand_over(machine, visit) -> None:
    visitor = visit(stranger())
    first = await visitor.say("I want to talk to a person")
    again = await visitor.follow(await visitor.hand_off(first.conversation_id))
    assert again.outcome == "with_staff"
    assert len(await tickets_of(machine.database("tickets"), first.conversation_id)) == 1


async def test_staff_answer_in_the_thread_hand_back_and_the_bot_goes_on_knowing_what_they_said(machine, visit) -> None:
    visitor, kim = visit(stranger()), visit(KIM)
    handed = await visitor.say("I want to talk to a person")
    conversation_id = handed.conversation_id
    queue = (await kim.call("GET", "/api/agent/handoffs")).json()["handoffs"]
    assert conversation_id in [one["conversation_id"] for one in queue]
    said = {"conversation_id": conversation_id, "text": "Hello, this is Kim.", "client_message_id": "one"}
    for _ in range(2):
        assert (await kim.call("POST", "/api/agent/staff/messages", said)).status_code == 200
    shown = await visitor.view(conversation_id)
    assert [one["text"] for one in shown["messages"] if one["role"] == "staff"] == ["Hello, this is Kim."]
    await _is_with_staff(visitor, conversation_id)
    back = await kim.call("POST", "/api/agent/staff/handback", {"conversation_id": conversation_id, "note": "done"})
    assert back.json()["changed"] is True
    answered = await visitor.say("How long do I have to return an item?", conversation_id)
    assert answered.outcome == "answered"
    assert (await visitor.view(conversation_id))["answering"] == "bot"


async def test_the_same_question_for_the_third_time_brings_a_person(machine, visit) -> None:
    visitor = visit(stranger())
    conversation_id = await visitor.begin()
    outcomes = [
        (await visitor.say(text, conversation_id)).outcome
        for text in ("Do you sharpen axes?", "do you sharpen axes", "DO YOU SHARPEN AXES?!")
    ]
    assert (outcomes[:2], outcomes[2]) == (["refused"] * 2, "handed_over")
    (ticket,) = await tickets_of(machine.database("tickets"), conversation_id)
    assert ticket["handoff"] == "repeated_question"


async def test_the_same_look_up_in_a_fourth_turn_brings_a_person_however_it_is_asked_for(machine, visit) -> None:
    visitor = visit(ADA)
    conversation_id = await visitor.begin()
    turns = [
        await visitor.say(text, conversation_id)
        for text in (
            "Where is my order ABC123?", "Has my order ABC123 been shipped?", "What is the status of order ABC123?",
            "Please track order ABC123 for me.",
        )
    ]  # fmt: skip
    assert [turn.outcome for turn in turns] == ["answered"] * 3 + ["handed_over"]
    assert "round in circles" in turns[-1].text
    (ticket,) = await tickets_of(machine.database("tickets"), conversation_id)
    assert ticket["handoff"] == "repeated_call"
    other = await visitor.say("Where is my order ABC123?", await visitor.begin())
    assert other.outcome == "answered"


async def test_how_sure_a_turn_was_stands_in_its_record_with_the_reasons(machine, visit) -> None:
    visitor = visit(stranger())
    turn = await visitor.say("How long do I have to return an item?")
    (row,) = await rows(
        machine.database("orchestrator"), "SELECT judged, confidence FROM turns WHERE id = $1", turn.turn_id
    )
    judged = json.loads(row["judged"])
    assert judged["tier"] == "low"
    assert {one["name"] for one in judged["signals"]} >= {"retrieval_strength", "citation_cover"}
    assert judged["score"] == pytest.approx(row["confidence"]) == pytest.approx(turn.end["confidence"])
