"""What is really so, read from the services' own databases."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from orchestrator.journal.verify import verify_conversation
from servicekit.sealing.subjects import SubjectKeys
from servicekit.testing import eventually
from tickets.people import TICKETS

Row = dict[str, Any]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection that is closed again."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def rows(url: str, sql: str, *arguments: Any) -> list[Row]:
    """The rows of a query."""
    async with connected(url) as connection:
        return [dict(row) for row in await connection.fetch(sql, *arguments)]


async def nothing_owed(url: str, *kinds: str) -> None:
    """Returns when no job of these kinds is left in the orchestrator's queue."""

    async def over() -> bool:
        left = await rows(url, "SELECT DISTINCT entrypoint FROM pgqueuer WHERE entrypoint = ANY ($1)", list(kinds))
        assert left == []
        return True

    await eventually(over, 90)


async def tickets_of(url: str, conversation_id: str) -> list[Row]:
    """The tickets of a conversation, oldest first; `handoff` is the reason when it is one."""
    return await rows(
        url,
        "SELECT t.id, t.number, t.turn_id, t.requester, t.sealed, t.subject, t.body, t.resolution, h.reason AS handoff"
        " FROM tickets t"
        " LEFT JOIN handoffs h ON h.ticket_id = t.id WHERE t.conversation_id = $1 ORDER BY t.created_at",
        conversation_id,
    )


async def words_of(url: str, people: SubjectKeys, ticket: Row) -> Row:
    """What the customer wrote in one of them, which is sealed there: `subject`, `body`, `resolution`."""
    async with connected(url) as connection:
        return TICKETS.opened(ticket, await people.opener(connection, ticket["requester"]))


async def turns_of(url: str, conversation_id: str) -> list[Row]:
    """The turns of a conversation in order."""
    return await rows(
        url, "SELECT id, status, outcome, inputs, runs FROM turns WHERE conversation_id = $1 ORDER BY ordinal",
        conversation_id,
    )  # fmt: skip


async def turn_ended(url: str, turn_id: str, timeout_s: float = 30) -> Row:
    """The row of a turn, as soon as it has ended."""

    async def ended() -> Row | None:
        (row,) = await rows(url, "SELECT status, outcome, inputs FROM turns WHERE id = $1", turn_id)
        return row if row["status"] == "ended" else None

    return await eventually(ended, timeout_s)


async def assert_chain_holds(url: str, conversation_id: str) -> None:
    """The journal of a conversation has no gap and its hash chain verifies."""
    async with connected(url) as connection:
        broken = await verify_conversation(connection, conversation_id)
    assert broken is None, broken
