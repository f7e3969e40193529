"""Erases conversations when their retention is over: a sweep beside the worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from orchestrator.privacy.erasing import erase_conversations, erase_live, outdated_conversations
from servicekit.background import sweeping
from servicekit.db.pool import Database

_BATCH = 200


class ConversationKeeper:
    """Several may run at once, one per worker."""

    def __init__(self, database: Database, redis: Redis, days: int) -> None:
        self._database, self._redis, self._days = database, redis, days

    @asynccontextmanager
    async def running(self, every_s: float) -> AsyncIterator[None]:
        """Sweeps about every `every_s` seconds; never when that is 0."""
        async with sweeping("conversations", every_s, _BATCH, self.sweep):
            yield

    async def sweep(self) -> int:
        """One pass; how many conversations were erased. Raises ProblemError when the database is down."""
        async with self._database.transaction() as db:
            ids = await outdated_conversations(db, self._days, _BATCH)
            turns = await erase_conversations(db, ids)
        await erase_live(self._redis, ids, turns)
        return len(ids)
