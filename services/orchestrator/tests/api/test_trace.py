"""The trace of a message is in the journal: whoever goes on with its turn, goes on in it."""

import secrets

import pytest

from orchestrator.journal.entries import load_entries
from orchestrator.turn.machine import fold

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]


async def test_a_turn_that_goes_through_the_queue_knows_the_trace_of_its_message(api) -> None:
    trace, conversation_id = secrets.token_hex(16), await api.begin()
    body = {"conversation_id": conversation_id, "text": "Hello", "client_turn_id": "one"}
    headers = api.bearer() | {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
    turn_id = (await api.http.post("/api/agent/messages", json=body, headers=headers)).json()["turn_id"]
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
        recorded = await load_entries(db, conversation.sealer, turn_id, desk.codec)
    state = fold((one.turn_input, one.at_ms) for one in recorded).state
    assert state.traceparent.split("-")[1] == trace
