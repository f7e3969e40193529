"""Forgets questions when their retention is over: a sweep beside the worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from orchestrator.gaps.store import forget
from servicekit.background import sweeping
from servicekit.clock import Clock
from servicekit.db.pool import Database

_BATCH = 1_000


class GapKeeper:
    """Several may run at once, one per worker."""

    def __init__(self, database: Database, clock: Clock, retention: timedelta) -> None:
        self._database, self._clock, self._retention = database, clock, retention

    @asynccontextmanager
    async def running(self, every_s: float) -> AsyncIterator[None]:
        """Sweeps about every `every_s` seconds; never when that is 0."""
        async with sweeping("knowledge-gaps", every_s, _BATCH, self.sweep):
            yield

    async def sweep(self) -> int:
        """One pass; how many questions were forgotten. Raises ProblemError when the database is down."""
        async with self._database.primary() as db:
            return await forget(db, self._clock.now() - self._retention, _BATCH)
