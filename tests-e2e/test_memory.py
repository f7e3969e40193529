"""A turn knows the conversation from Redis, and from the thread when what Redis has is not all."""

import pytest

from e2e.people import stranger
from onebox.ports import ORCHESTRATOR
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_what_a_turn_remembered_is_what_the_next_one_reads_and_the_thread_when_it_is_gone(machine, visit) -> None:
    visitor = visit(stranger(), patient=True)
    conversation_id = await visitor.begin()

    async def read(source: str) -> float:
        return (await machine.counters()).total(ORCHESTRATOR, "aiguy_memory_reads_total", source=source)

    async def another_read_from(source: str) -> bool:
        before = await read(source)
        if source == "thread":
            await machine.wipe_redis()
        turn = await visitor.follow(await visitor.send(conversation_id, "How do I return an item?"))
        assert turn.outcome in ("answered", "handed_over")
        return await read(source) > before

    await visitor.follow(await visitor.send(conversation_id, "Hello"))
    await eventually(lambda: another_read_from("redis"), 30)
    assert await another_read_from("thread")
