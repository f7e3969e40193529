"""A ticket needs the customer's own yes: by the button or a plain word, once, in time, for exactly what was shown."""

import asyncio

import pytest

from e2e.facts import rows, tickets_of, turn_ended, turns_of, words_of
from e2e.people import ADA, guest, stranger

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
ASK = "Please open a ticket: the zip of my new tent broke after only two nights in the mountains."


async def _asked(visit, person=None):
    """A visitor whose ticket waits for their yes."""
    visitor = visit(person or stranger())
    turn = await visitor.say(ASK)
    assert turn.card["tool"] == "create_ticket"
    return visitor, turn


async def _tickets(machine, turn) -> list:
    return await tickets_of(machine.database("tickets"), turn.conversation_id)


async def test_a_yes_by_the_button_opens_the_ticket_once(machine, visit) -> None:
    person = stranger()
    visitor, turn = await _asked(visit, person)
    assert await _tickets(machine, turn) == []
    view = await visitor.view(turn.conversation_id)
    assert view["status"] == "waiting"
    assert [card["digest"] for card in view["cards"]] == [turn.card["digest"]]
    assert (await visitor.decide(turn, True)).status_code == 202
    await visitor.follow(turn, to_end=True)
    (ticket,) = await _tickets(machine, turn)
    assert turn.outcome == "answered"
    assert ticket["number"] in turn.text
    assert (ticket["turn_id"], ticket["requester"]) == (turn.turn_id, machine.people.name(person.subject))
    assert "zip" in (await words_of(machine.database("tickets"), machine.people, ticket))["body"]
    view = await visitor.view(turn.conversation_id)
    assert (view["status"], view["cards"]) == ("idle", [])


@pytest.mark.parametrize("word", ["yes", "Yes, please!", "OK.", "go ahead", "Ja, bitte"])
async def test_a_plain_yes_opens_the_ticket_once(machine, visit, word: str) -> None:
    visitor, turn = await _asked(visit)
    answer = await visitor.send(turn.conversation_id, word)
    assert answer.turn_id == turn.turn_id
    await visitor.follow(turn, to_end=True)
    assert len(await _tickets(machine, turn)) == 1
    assert len(await turns_of(machine.database("orchestrator"), turn.conversation_id)) == 1


@pytest.mark.parametrize("word", [None, "no", "No thanks."])
async def test_a_no_opens_none(machine, visit, word: str | None) -> None:
    visitor, turn = await _asked(visit)
    if word is None:
        assert (await visitor.decide(turn, False)).status_code == 202
    else:
        await visitor.send(turn.conversation_id, word)
    await visitor.follow(turn, to_end=True)
    assert turn.outcome == "declined"
    assert turn.text
    assert await _tickets(machine, turn) == []


async def test_another_message_leaves_the_card_open(machine, visit) -> None:
    visitor, turn = await _asked(visit)
    other = await visitor.say("How do I return an item?", turn.conversation_id)
    assert other.turn_id != turn.turn_id
    assert other.outcome == "answered"
    view = await visitor.view(turn.conversation_id)
    assert [card["turn_id"] for card in view["cards"]] == [turn.turn_id]
    await visitor.decide(turn, True)
    await visitor.follow(turn, to_end=True)
    assert len(await _tickets(machine, turn)) == 1


async def test_of_two_refunds_of_one_order_only_the_newer_can_be_confirmed(machine, visit) -> None:
    """Who says "7 actually, not 5" must not be able to have both by pressing both buttons."""
    visitor = visit(ADA)
    first = await visitor.say("Please refund 5 dollars of order 1234")
    second = await visitor.say("7 actually, not 5", first.conversation_id)
    assert second.card["money_moved"] == {"amount_minor": 700, "currency": "USD"}
    view = await visitor.view(first.conversation_id)
    assert [card["digest"] for card in view["cards"]] == [second.card["digest"]]
    await visitor.follow(first, to_end=True)
    assert first.outcome == "expired"
    assert "newer one" in first.text
    late = await visitor.decide(first, True)
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")
    # And by a plain word: the newest card is the one that is meant.
    await visitor.send(first.conversation_id, "no")
    await visitor.follow(second, to_end=True)
    assert second.outcome == "declined"


async def test_cards_about_different_orders_stand_side_by_side(machine, visit) -> None:
    visitor = visit(ADA)
    first = await visitor.say("Please refund 5 dollars of order 1234")
    second = await visitor.say("And refund 4 dollars of order ABC123", first.conversation_id)
    view = await visitor.view(first.conversation_id)
    assert {card["digest"] for card in view["cards"]} == {first.card["digest"], second.card["digest"]}
    for turn in (first, second):
        assert (await visitor.decide(turn, False)).status_code == 202


async def test_two_tickets_about_one_order_stand_side_by_side(machine, visit) -> None:
    visitor = visit(ADA)
    first = await visitor.say("Open a ticket for order 1234: the zip of my new tent broke after two nights")
    again = "Open a ticket for order 1234: a pole of the tent came bent in the box"
    second = await visitor.say(again, first.conversation_id)
    view = await visitor.view(first.conversation_id)
    assert {card["digest"] for card in view["cards"]} == {first.card["digest"], second.card["digest"]}
    for turn in (first, second):
        assert (await visitor.decide(turn, False)).status_code == 202


async def test_the_same_decision_again_changes_nothing(machine, visit) -> None:
    visitor, turn = await _asked(visit)
    answers = await asyncio.gather(*(visitor.decide(turn, True) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {202}
    await visitor.follow(turn, to_end=True)
    assert (await visitor.decide(turn, True)).status_code == 202
    assert len(await _tickets(machine, turn)) == 1
    decided = await rows(
        machine.database("orchestrator"),
        "SELECT count(*) FROM journal WHERE turn_id = $1 AND kind = 'confirmation_decided'", turn.turn_id,
    )  # fmt: skip
    assert decided == [{"count": 1}]


@pytest.mark.parametrize("first", [True, False])
async def test_the_contrary_decision_comes_too_late(machine, visit, first: bool) -> None:
    visitor, turn = await _asked(visit)
    assert (await visitor.decide(turn, first)).status_code == 202
    for _ in range(2):  # at once, and after the turn has ended
        late = await visitor.decide(turn, not first)
        assert (late.status_code, late.json()["code"]) == (409, "already_decided")
        await visitor.follow(turn, to_end=True) if not turn.named("end") else None
    assert len(await _tickets(machine, turn)) == int(first)


async def test_yes_and_no_at_once_are_one_decision(machine, visit) -> None:
    visitor, turn = await _asked(visit)
    answers = await asyncio.gather(*(visitor.decide(turn, number % 2 == 0) for number in range(8)))
    assert {answer.status_code for answer in answers} == {202, 409}
    await visitor.follow(turn, to_end=True)
    assert len(await _tickets(machine, turn)) == (turn.outcome == "answered")


async def test_nobody_else_can_decide(machine, visit) -> None:
    _, turn = await _asked(visit)
    for person in (stranger(), guest()):
        other = visit(person)
        own = await other.begin()
        for conversation_id in (turn.conversation_id, own):
            answer = await other.decide(turn, True, conversation_id=conversation_id)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    (row,) = await turns_of(machine.database("orchestrator"), turn.conversation_id)
    assert row["status"] == "waiting"
    assert await _tickets(machine, turn) == []


async def test_a_decision_for_something_else_is_not_found(machine, visit) -> None:
    visitor, turn = await _asked(visit)
    for digest in ("0" * 64, turn.card["digest"][::-1]):
        answer = await visitor.decide(turn, True, digest=digest)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await _tickets(machine, turn) == []


@pytest.mark.parametrize("word", ["ok", "yes please"])
async def test_after_another_message_a_yes_is_not_for_the_card(machine, visit, word: str) -> None:
    visitor, turn = await _asked(visit)
    await visitor.say("How do I return an item?", turn.conversation_id)
    after = await visitor.say(word, turn.conversation_id)
    assert after.turn_id != turn.turn_id
    assert await _tickets(machine, turn) == []
    view = await visitor.view(turn.conversation_id)
    assert [card["turn_id"] for card in view["cards"]] == [turn.turn_id]
    await visitor.decide(turn, True)
    await visitor.follow(turn, to_end=True)
    assert len(await _tickets(machine, turn)) == 1


async def test_after_another_message_a_no_still_declines(machine, visit) -> None:
    visitor, turn = await _asked(visit)
    await visitor.say("How do I return an item?", turn.conversation_id)
    await visitor.send(turn.conversation_id, "no")
    await visitor.follow(turn, to_end=True)
    assert turn.outcome == "declined"
    assert await _tickets(machine, turn) == []


async def test_a_guest_may_open_a_ticket_too(machine, visit) -> None:
    visitor, turn = await _asked(visit, guest())
    await visitor.decide(turn, True)
    await visitor.follow(turn, to_end=True)
    assert len(await _tickets(machine, turn)) == 1


async def test_a_card_that_nobody_answers_ends_politely_and_does_nothing(machine, visit, short_cards) -> None:
    visitor, turn = await _asked(visit)
    await visitor.follow(turn, to_end=True)
    assert turn.outcome == "expired"
    assert turn.text
    late = await visitor.decide(turn, True)
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")
    await turn_ended(machine.database("orchestrator"), turn.turn_id)
    after = await visitor.say("yes", turn.conversation_id)
    assert after.turn_id != turn.turn_id
    assert await _tickets(machine, turn) == []
    assert (await visitor.view(turn.conversation_id))["cards"] == []
