"""The id of a hand-over's ticket when another call for the same conversation ends in the middle of asking for it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import asyncpg
import pytest

from servicekit.db.pool import Connection, Database
from servicekit.sealing.subjects import SubjectKeys
from tickets.backends.postgres import PostgresTickets
from tickets.backends.remote_refs import handoff_ref, new_handoff_ref

from .desks import answer_all
from .port_suite import handoff

pytestmark = pytest.mark.service


@dataclass
class Interrupted:
    """A connection: something else happens after its first query, and is committed before its second."""

    connection: Connection
    meanwhile: Callable[[], Awaitable[object]]
    queries: int = 0

    async def fetchval(self, query: str, *values: object) -> Any:
        """See asyncpg."""
        return await self._then(await self.connection.fetchval(query, *values))

    async def fetchrow(self, query: str, *values: object) -> asyncpg.Record | None:
        """See asyncpg."""
        found: asyncpg.Record | None = await self._then(await self.connection.fetchrow(query, *values))
        return found

    async def _then(self, found: Any) -> Any:
        self.queries += 1
        if self.queries == 1:
            await self.meanwhile()
        return found


async def _hand_over(database: Database, people: SubjectKeys, draft: Any) -> None:
    async with database.transaction() as connection:
        await PostgresTickets(connection, "HP-", people).hand_over(draft)


async def test_a_hand_over_that_ends_meanwhile_is_found_not_counted(database: Database, people: SubjectKeys) -> None:
    asked = handoff()
    async with database.primary() as connection:
        halfway = Interrupted(connection, lambda: _hand_over(database, people, asked))
        assert await handoff_ref(cast(Connection, halfway), asked.ticket) is None


async def test_a_hand_over_that_is_answered_meanwhile_has_another_ticket_than_the_next(
    database: Database, people: SubjectKeys
) -> None:
    asked = handoff()
    async with database.primary() as connection:
        first = await new_handoff_ref(connection, asked.ticket)
        await _hand_over(database, people, asked)
        halfway = Interrupted(connection, lambda: answer_all(database))
        assert await handoff_ref(cast(Connection, halfway), asked.ticket) not in (None, first)
