"""Taking messages in: duplicates, order, and what waits while a turn runs."""

import asyncio

import pytest

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]


async def _texts(api, conversation_id: str) -> list[str]:
    view = (await api.get(f"/api/agent/conversations/{conversation_id}", limit=200)).json()
    return [message["text"] for message in view["messages"] if message["role"] == "customer"]


async def test_a_message_is_accepted_with_the_place_to_follow_it(api) -> None:
    conversation_id = await api.begin()
    answer = await api.say(conversation_id, "Where is my order?", "one")
    turn_id = answer.json()["turn_id"]
    assert answer.status_code == 202
    expected = f"/api/agent/stream?conversation_id={conversation_id}&turn_id={turn_id}"
    assert answer.json()["stream_url"].split("&after=")[0] == expected


async def test_sent_again_it_is_the_same_turn(api) -> None:
    conversation_id = await api.begin()
    first, again = [(await api.say(conversation_id, "Hello", "one")).json() for _ in range(2)]
    assert first == again
    assert await _texts(api, conversation_id) == ["Hello"]


async def test_twenty_at_once_are_one_turn_one_start_and_one_message(api) -> None:
    conversation_id = await api.begin()
    answers = await asyncio.gather(*(api.say(conversation_id, "Hello", "one") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["turn_id"] for answer in answers}) == 1
    kinds = await api.db.fetch("SELECT kind FROM journal WHERE conversation_id = $1", conversation_id)
    assert [row["kind"] for row in kinds] == ["turn_started"]
    assert await _texts(api, conversation_id) == ["Hello"]
    jobs = await api.db.fetchval(
        "SELECT count(*) FROM pgqueuer WHERE payload = convert_to($1, 'UTF8')", answers[0].json()["turn_id"]
    )
    assert jobs == 1


async def test_the_same_id_for_another_text_is_refused(api) -> None:
    conversation_id = await api.begin()
    await api.say(conversation_id, "Hello", "one")
    answer = await api.say(conversation_id, "Good bye", "one")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert await _texts(api, conversation_id) == ["Hello"]


async def test_the_same_id_in_another_conversation_is_another_message(api) -> None:
    answers = [await api.say(await api.begin(), "Hello", "one") for _ in range(2)]
    assert answers[0].json()["turn_id"] != answers[1].json()["turn_id"]


async def test_messages_that_come_while_a_turn_runs_wait_together_in_the_next_one(api) -> None:
    conversation_id = await api.begin()
    turns = [(await api.say(conversation_id, f"message {n}", f"id-{n}")).json()["turn_id"] for n in range(4)]
    assert turns[0] != turns[1]
    assert turns[1] == turns[2] == turns[3]
    rows = await api.db.fetch(
        "SELECT id, status, ordinal FROM turns WHERE conversation_id = $1 ORDER BY ordinal", conversation_id
    )
    assert [(row["id"], row["status"]) for row in rows] == [(turns[0], "running"), (turns[1], "queued")]
    assert await _texts(api, conversation_id) == [f"message {n}" for n in range(4)]


async def test_a_hand_over_that_was_asked_for_is_noted_as_such(api) -> None:
    conversation_id = await api.begin()
    body = {"conversation_id": conversation_id, "client_turn_id": "human"}
    first, again = [await api.post("/api/agent/handoff", body) for _ in range(2)]
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()


async def test_a_plain_yes_without_a_card_is_just_a_message(api) -> None:
    conversation_id = await api.begin()
    answer = await api.say(conversation_id, "yes", "one")
    assert answer.status_code == 202
    assert await api.db.fetchval("SELECT count(*) FROM turns WHERE conversation_id = $1", conversation_id) == 1


async def test_eighty_messages_of_eight_senders_keep_each_senders_order(api) -> None:
    conversation_id = await api.begin()

    async def sender(name: str) -> None:
        for number in range(10):
            answer = await api.say(conversation_id, f"{name}:{number}", f"{name}-{number}")
            assert answer.status_code == 202, answer.text

    await asyncio.gather(*(sender(name) for name in "abcdefgh"))
    texts = await _texts(api, conversation_id)
    assert len(texts) == 80
    for name in "abcdefgh":
        assert [text for text in texts if text.startswith(name)] == [f"{name}:{n}" for n in range(10)]
    read = await api.db.fetchval("SELECT count(*) FROM journal WHERE conversation_id = $1", conversation_id)
    assert read == 80
