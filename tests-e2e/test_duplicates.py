"""Whatever is resent is one turn, and messages in a hurry keep their order: `make prove-turns` sends thousands."""

import asyncio
from typing import Any

import pytest

from e2e.facts import assert_chain_holds, rows, turns_of
from e2e.people import stranger
from servicekit.testing import eventually
from servicekit.testing.proving import how_many

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
TABS, MESSAGES = how_many(8, 64), how_many(80, 4_992)


async def test_the_same_message_twenty_times_at_once_is_one_turn(machine, visit) -> None:
    visitor = visit(stranger())
    conversation_id = await visitor.begin()
    turns = await asyncio.gather(*(visitor.send(conversation_id, "How do I return an item?", "one") for _ in range(20)))
    assert len({turn.turn_id for turn in turns}) == 1
    turn = await visitor.follow(turns[0])
    assert turn.outcome == "answered"
    later = await visitor.send(conversation_id, "How do I return an item?", "one")
    assert later.turn_id == turn.turn_id
    started = await rows(
        machine.database("orchestrator"),
        "SELECT count(*) FROM journal WHERE conversation_id = $1 AND kind = 'turn_started'", conversation_id,
    )  # fmt: skip
    assert started == [{"count": 1}]
    said = (await visitor.view(conversation_id))["messages"]
    assert [message["role"] for message in said if message["turn_id"]] == ["customer", "assistant"]


async def test_the_same_id_with_another_text_is_refused(machine, visit) -> None:
    visitor = visit(stranger())
    conversation_id = await visitor.begin()
    turn = await visitor.send(conversation_id, "How do I return an item?", "one")
    refused = await visitor.post(conversation_id, "Hello", "one")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert (await visitor.follow(turn)).outcome == "answered"
    assert len(await turns_of(machine.database("orchestrator"), conversation_id)) == 1


async def test_messages_of_many_tabs_keep_their_order_and_none_is_lost(machine, visit) -> None:
    visitor = visit(stranger(), patient=True)
    conversation_id = await visitor.begin()
    #: The turn of each message, by tab: one that comes while another waits may belong to the same turn.
    sent: list[list[str]] = [[] for _ in range(TABS)]

    async def tab(name: int) -> None:
        for number in range(MESSAGES // TABS):
            turn = await visitor.send(conversation_id, f"Hello {name}-{number}", f"{name}-{number}")
            sent[name].append(turn.turn_id)

    await asyncio.gather(*(tab(name) for name in range(TABS)))
    url = machine.database("orchestrator")

    async def all_ended() -> list[dict[str, Any]]:
        turns = await turns_of(url, conversation_id)
        return turns if all(turn["status"] == "ended" for turn in turns) else []

    places = {turn["id"]: place for place, turn in enumerate(await eventually(all_ended, MESSAGES))}
    assert set(places) == {turn_id for own in sent for turn_id in own}
    for own in sent:
        assert (of_tab := [places[turn_id] for turn_id in own]) == sorted(of_tab)
    view = await visitor.call("GET", f"/api/agent/conversations/{conversation_id}?limit=200")
    texts = [message["text"] for message in view.json()["messages"] if message["role"] == "customer"]
    assert len(texts) >= min(MESSAGES, 100)
    for name in range(TABS):
        numbers = [int(text.split("-")[1]) for text in texts if text.startswith(f"Hello {name}-")]
        assert numbers == list(range(MESSAGES // TABS))[len(sent[name]) - len(numbers) :]
    read = await rows(url, "SELECT kind FROM journal WHERE conversation_id = $1 ORDER BY seq", conversation_id)
    assert sum(row["kind"] in ("turn_started", "message_added") for row in read) == MESSAGES
    await assert_chain_holds(url, conversation_id)


async def test_one_turn_of_a_conversation_runs_at_a_time(machine, visit, llm) -> None:
    llm.behave(first_token_ms=400)
    visitor = visit(stranger())
    conversation_id = await visitor.begin()
    first = await visitor.send(conversation_id, "Hello")
    second = await visitor.send(conversation_id, "Thanks")
    statuses = [turn["status"] for turn in await turns_of(machine.database("orchestrator"), conversation_id)]
    assert statuses == ["running", "queued"]
    await visitor.follow(second)
    spans = await rows(
        machine.database("orchestrator"),
        "SELECT turn_id, min(seq) AS first, max(seq) AS last FROM journal WHERE conversation_id = $1"
        " AND kind NOT IN ('turn_started', 'message_added') GROUP BY turn_id ORDER BY min(seq)",
        conversation_id,
    )
    assert [row["turn_id"] for row in spans] == [first.turn_id, second.turn_id]
    assert spans[0]["last"] < spans[1]["first"]
