"""Writes down which policies are in force: when the process starts, and, of what billing decides by, every minute."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from orchestrator.policies.store import Sighting, see
from orchestrator.policies.texts import PolicyText, refunds_text
from orchestrator.refund_books import RefundBooks
from servicekit.background import stop, sweeping
from servicekit.clock import Clock
from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

_EVERY_S = 60.0


class PolicyKeeper:
    """Several may run at once: what one has written is not new to the others."""

    def __init__(
        self, database: Database, clock: Clock, texts: Sequence[PolicyText], books: RefundBooks, sighting: Sighting
    ) -> None:
        self._database, self._clock, self._texts = database, clock, texts
        self._books, self._sighting = books, sighting

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Looks at once, and then every minute. A database that is not there yet keeps nobody from starting. Billing is
        asked later: it believes us only once this process serves its keys.
        """
        first = asyncio.create_task(self._first(), name="policies-first")
        try:
            async with sweeping("policies", _EVERY_S, 1, self.sweep):
                yield
        finally:
            await stop([first])

    async def _first(self) -> None:
        try:
            await self._note(self._texts)
        except ProblemError as error:
            get_logger().warning("policies_not_noted", code=error.code.value)

    async def sweep(self) -> int:
        """One pass; always 0, because a pass does all. Raises ProblemError when the database is down."""
        rules = await self._books.rules()
        await self._note(self._texts if rules is None else [*self._texts, refunds_text(rules)])
        return 0

    async def _note(self, texts: Sequence[PolicyText]) -> None:
        async with self._database.transaction() as db:
            new = await see(db, texts, self._sighting, self._clock.now())
        if new:
            get_logger().info("policies_in_force", new=new, release=self._sighting.release)
