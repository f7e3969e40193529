"""Counts anew every few minutes: a sweep beside the worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orchestrator.figures.store import recount, sites
from servicekit.background import sweeping
from servicekit.clock import Clock
from servicekit.db.pool import Database


class FiguresKeeper:
    """Several may run at once, one per worker: one of them counts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    @asynccontextmanager
    async def running(self, every_s: float) -> AsyncIterator[None]:
        """Counts about every `every_s` seconds; never when that is 0."""
        async with sweeping("figures", every_s, 1, self.sweep):
            yield

    async def sweep(self) -> int:
        """One pass; always 0, because a pass does all. Raises ProblemError when the database is down."""
        now = self._clock.now()
        async with self._database.primary() as db:
            found = await sites(db, now)
        for site in found:
            async with self._database.transaction() as db:
                await recount(db, site, now)
        return 0
