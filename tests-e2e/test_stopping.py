"""A customer stops an answer: the model is left at once, the thread keeps no half answer, and a yes stays a yes."""

import httpx
import pytest

from e2e.facts import tickets_of
from e2e.people import guest, stranger
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: Sentences, since each is shown when it is whole.
LONG = " ".join(f"Word{number} and word{number}." for number in range(40))
ASK = "Please open a ticket: the zip of my new tent broke after only two nights in the mountains."


async def _stop(visitor, turn) -> httpx.Response:
    body = {"conversation_id": turn.conversation_id, "turn_id": turn.turn_id}
    return await visitor.call("POST", "/api/agent/stop", body)


async def test_an_answer_under_way_ends_in_our_words_and_the_model_is_left(machine, visit, llm) -> None:
    llm.say("Tell me", {"text": LONG})
    llm.behave(token_ms=30)
    visitor = visit(stranger())
    turn = await visitor.send(await visitor.begin(), "Tell me a long story")
    async for event in visitor.events(turn.url, turn.last_id):
        turn.events.append(event)
        if event.name == "chunk":
            break
    assert (await _stop(visitor, turn)).status_code == 202
    await visitor.follow(turn)
    assert turn.outcome == "stopped"
    assert turn.text == turn.streamed == "All right, I have stopped. Nothing was changed."
    await eventually(lambda: llm.model.received[-1].ended == "disconnected")
    view = await visitor.view(turn.conversation_id)
    assert [one["text"] for one in view["messages"][1:]] == ["Tell me a long story", turn.text]
    assert (view["status"], view["open_turn"]) == ("idle", None)


async def test_a_stop_while_the_model_thinks_is_heard_too_and_the_next_message_is_answered(machine, visit, llm) -> None:
    llm.say("Tell me", {"text": "Once upon a time."})
    llm.behave(slow_planner_ms=30_000)
    visitor = visit(guest())
    turn = await visitor.send(await visitor.begin(), "Tell me a long story")
    await eventually(lambda: llm.model.received)
    assert (await _stop(visitor, turn)).status_code == 202
    await visitor.follow(turn)
    assert turn.outcome == "stopped"
    llm.behave()
    following = await visitor.say("Tell me a short one", turn.conversation_id)
    assert following.outcome == "answered"


async def test_a_card_that_is_stopped_is_declined_and_opens_nothing(machine, visit) -> None:
    visitor = visit(stranger())
    turn = await visitor.say(ASK)
    assert turn.card["tool"] == "create_ticket"
    assert (await _stop(visitor, turn)).status_code == 202
    await visitor.follow(turn, to_end=True)
    assert turn.outcome == "declined"
    assert (await visitor.decide(turn, True)).status_code == 409
    assert await tickets_of(machine.database("tickets"), turn.conversation_id) == []


async def test_the_stop_of_a_turn_that_has_ended_changes_nothing(machine, visit) -> None:
    visitor = visit(stranger())
    turn = await visitor.say("How long does a delivery take?")
    before = await visitor.view(turn.conversation_id)
    assert (await _stop(visitor, turn)).status_code == 202
    assert await visitor.view(turn.conversation_id) == before
