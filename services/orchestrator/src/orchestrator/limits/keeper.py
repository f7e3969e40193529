"""Forgets who used what once the day is over: a sweep beside the worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC

from orchestrator.limits.usage import forget_customers_before
from servicekit.background import sweeping
from servicekit.clock import Clock
from servicekit.db.pool import Database

FORGET_EVERY_S = 3600.0


class UsageKeeper:
    """Several may run at once, one per worker."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    @asynccontextmanager
    async def running(self, every_s: float) -> AsyncIterator[None]:
        """Sweeps about every `every_s` seconds; never when that is 0."""
        async with sweeping("usage", every_s, 1, self.sweep):
            yield

    async def sweep(self) -> int:
        """One pass; always 0, because a pass does all. Raises ProblemError when the database is down."""
        async with self._database.primary() as db:
            await forget_customers_before(db, self._clock.now().astimezone(UTC).date())
        return 0
