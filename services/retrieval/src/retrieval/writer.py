"""Who writes to a vector store that several services share: the one whose session holds a lock of the database."""

import asyncio
from contextlib import AsyncExitStack
from typing import Protocol

import asyncpg

from servicekit.db.pool import Connection, Database

_LOCK = 7_214_503


class Writer(Protocol):
    """Says whether this process may change the store."""

    async def is_ours(self) -> bool:
        """Whether it may now. Raises ProblemError when the database is down."""

    async def close(self) -> None:
        """Leaves the writing to others."""


class SoleWriter:
    """For a store that belongs to this process."""

    async def is_ours(self) -> bool:
        """Always."""
        return True

    async def close(self) -> None:
        """Nothing to leave."""


class ElectedWriter:
    """The first of all replicas to ask is the writer until its session with the database ends."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._held = AsyncExitStack()
        self._session: Connection | None = None
        self._asking = asyncio.Lock()

    async def is_ours(self) -> bool:
        """Whether this process holds the lock; takes it when it is free. Raises ProblemError."""
        async with self._asking:
            if self._session is not None:
                if await self._still_there(self._session):
                    return True
                await self._let_go()
            session = await self._held.enter_async_context(self._db.primary())
            if await session.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                self._session = session
                return True
            await self._let_go()
            return False

    async def close(self) -> None:
        """Gives the lock back, so that another replica takes over at once."""
        async with self._asking:
            if self._session is not None and await self._still_there(self._session):
                await self._session.execute("SELECT pg_advisory_unlock($1)", _LOCK)
            await self._let_go()

    async def _still_there(self, session: Connection) -> bool:
        try:
            return await session.fetchval("SELECT true") is True
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False

    async def _let_go(self) -> None:
        self._session = None
        await self._held.aclose()
        self._held = AsyncExitStack()
