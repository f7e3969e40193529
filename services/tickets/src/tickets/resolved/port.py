"""Where resolved tickets are looked for: our own Postgres, or the system that keeps the tickets."""

from typing import Protocol

from contracts.resolved import ResolvedTicket
from servicekit.db.pool import Database


class ResolvedTickets(Protocol):
    """A search over what support answered."""

    async def search(self, db: Database, query: str, limit: int) -> tuple[ResolvedTicket, ...]:
        """The tickets that fit, best first, already masked. Raises ProblemError when the system cannot be asked."""
        ...
