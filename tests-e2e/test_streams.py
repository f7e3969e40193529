"""The stream of a turn: resumed where it broke, never the turn's life line, and whole without Redis."""

import asyncio

import pytest

from e2e.facts import rows, turn_ended
from e2e.people import ADA, BEN, guest, stranger
from e2e.visitor import Event, Turn

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: Sentences, since each is shown when it is whole.
LONG = " ".join(f"Word{number} and word{number}." for number in range(20))


async def _slow_turn(visit, llm, token_ms: float = 20) -> tuple:
    """A turn of which the model writes a word every `token_ms`."""
    llm.say("Tell me", {"text": LONG})
    llm.behave(token_ms=token_ms)
    visitor = visit(stranger())
    return visitor, await visitor.send(await visitor.begin(), "Tell me a long story")


async def _first_piece(visitor, turn: Turn) -> None:
    """Follows the turn to its first piece of text, then hangs up."""
    async for event in visitor.events(turn.url, turn.last_id):
        turn.events.append(event)
        if event.name == "chunk":
            return


async def test_hanging_up_after_every_event_gives_each_event_once_and_in_order(machine, visit, llm) -> None:
    visitor, turn = await _slow_turn(visit, llm)
    whole = asyncio.ensure_future(visit_again(visitor, turn))
    while not turn.named("end"):
        async for event in visitor.events(turn.url, turn.last_id):
            turn.events.append(event)
            break
    other = await whole
    assert turn.outcome == "answered"
    assert turn.text == LONG
    assert turn.streamed == LONG
    assert len({event.id for event in turn.events}) == len(turn.events)
    assert [event.id for event in turn.events] == [event.id for event in other.events]
    assert len(turn.named("chunk")) > 5


async def visit_again(visitor, turn: Turn) -> Turn:
    """The same turn in a second tab that never hangs up."""
    return await visitor.follow(Turn(turn.conversation_id, turn.turn_id, turn.url))


async def test_a_visitor_who_was_told_a_place_in_the_queue_goes_on_behind_the_event_before(machine, visit) -> None:
    ada = visit(ADA)
    turn = await ada.say("Where is my order ABC123?")
    cut = Turn(turn.conversation_id, turn.turn_id, turn.url, [*turn.events[:2], Event("", "status", {})])
    await ada.follow(cut)
    assert cut.events[3:] == turn.events[2:]


async def test_a_customer_who_leaves_does_not_stop_the_turn(machine, visit, llm) -> None:
    visitor, turn = await _slow_turn(visit, llm)
    await _first_piece(visitor, turn)
    await visitor.http.aclose()
    row = await turn_ended(machine.database("orchestrator"), turn.turn_id)
    assert row["outcome"] == "answered"
    assert llm.model.received[-1].ended == "complete"


async def test_wiping_redis_in_mid_answer_loses_nothing_but_live_words(machine, visit, llm) -> None:
    visitor, turn = await _slow_turn(visit, llm)
    await _first_piece(visitor, turn)
    await machine.wipe_redis()
    await visitor.follow(turn)
    assert turn.text == LONG
    assert turn.streamed == LONG
    assert (await visitor.view(turn.conversation_id))["messages"][-1]["text"] == LONG


async def test_killing_redis_in_mid_answer_loses_nothing_but_live_words(machine, visit, llm) -> None:
    visitor, turn = await _slow_turn(visit, llm)
    await _first_piece(visitor, turn)
    following = asyncio.ensure_future(visitor.follow(turn))
    await machine.kill("valkey")
    await following
    assert turn.text == LONG
    # Words may be missing, but none stands where it does not belong.
    assert all(LONG[piece["offset"] :].startswith(piece["text"]) for piece in turn.named("chunk"))
    again = await visitor.say("Tell me another long story", turn.conversation_id)
    assert again.streamed == again.text == LONG


async def test_killing_postgres_in_mid_answer_breaks_no_stream(machine, visit, llm) -> None:
    visitor, turn = await _slow_turn(visit, llm)
    await _first_piece(visitor, turn)
    following = asyncio.ensure_future(visitor.follow(turn))
    await machine.kill("postgres")
    await following
    assert (turn.text, turn.streamed) == (LONG, LONG)
    row = await turn_ended(machine.database("orchestrator"), turn.turn_id)
    assert row["outcome"] == "answered"


async def test_killing_the_orchestrator_in_mid_answer_starts_the_text_anew(machine, visit, llm) -> None:
    visitor, turn = await _slow_turn(visit, llm, token_ms=100)
    visitor.patient = True
    await _first_piece(visitor, turn)
    await machine.kill("orchestrator")
    llm.behave(token_ms=5)
    await visitor.follow(turn)
    assert (turn.text, turn.streamed) == (LONG, LONG)
    assert len({event.id for event in turn.events}) == len(turn.events)
    (row,) = await rows(machine.database("orchestrator"), "SELECT runs FROM turns WHERE id = $1", turn.turn_id)
    assert row["runs"] == 2
    await machine.ready("orchestrator")


async def test_wiping_redis_loses_no_memory_of_the_conversation(machine, visit, llm) -> None:
    visitor = visit(stranger())
    first = await visitor.say("Hello, my lucky word is marmalade")
    await machine.wipe_redis()
    llm.model.received.clear()
    await visitor.say("Thanks a lot", first.conversation_id)
    assert any("marmalade" in prompt for prompt in llm.prompts)


async def test_an_ended_turn_is_told_whole_when_redis_was_wiped(machine, visit) -> None:
    ada = visit(ADA)
    turn = await ada.say("How do I return an item?")
    await machine.wipe_redis()
    for last_id in ("", turn.events[1].id, turn.last_id):
        again = Turn(turn.conversation_id, turn.turn_id, turn.url)
        async for event in ada.events(turn.url, last_id):
            again.events.append(event)
        assert again.end == turn.end
        assert again.streamed == turn.text
        assert again.named("citation") == turn.named("citation")


async def test_a_card_is_told_again_when_redis_was_wiped(machine, visit) -> None:
    visitor = visit(stranger())
    turn = await visitor.say("Please open a ticket: the zip of my new tent broke after only two nights outside.")
    await machine.wipe_redis()
    for last_id in ("", turn.events[0].id):
        again = Turn(turn.conversation_id, turn.turn_id, turn.url)
        async for event in visitor.events(turn.url, last_id):
            again.events.append(event)
            if event.name == "confirmation":
                break
        assert again.card == turn.card


async def test_a_resumed_stream_of_an_ended_turn_gives_only_what_is_missing(machine, visit) -> None:
    ada = visit(ADA)
    turn = await ada.say("Where is my order ABC123?")
    for index, event in enumerate(turn.events[:-1]):
        rest = [one async for one in ada.events(turn.url, event.id)]
        assert rest == turn.events[index + 1 :]


async def test_nobody_else_can_follow_a_turn(machine, visit) -> None:
    turn = await visit(ADA).say("Where is my order ABC123?")
    for person in (BEN, guest()):
        other = visit(person)
        answer = await other.http.get(turn.url, headers=other.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        own = await other.begin()
        mixed = await other.http.get(turn.url.replace(turn.conversation_id, own), headers=other.headers)
        assert (mixed.status_code, mixed.json()["code"]) == (404, "not_found")


async def test_what_is_streamed_is_what_the_journal_says(machine, visit) -> None:
    turn = await visit(ADA).say("How do I return an item?")
    (row,) = await rows(
        machine.database("orchestrator"), "SELECT outcome, confidence FROM turns WHERE id = $1", turn.turn_id
    )
    assert (row["outcome"], row["confidence"]) == (turn.outcome, pytest.approx(turn.end["confidence"]))
