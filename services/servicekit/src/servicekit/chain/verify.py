"""Reads a ledger from its database and verifies it. No key is needed: hashes are over the stored bytes."""

import asyncio
from dataclasses import dataclass
from time import perf_counter

from servicekit.chain.fold import ChainFold
from servicekit.chain.ledger import Break, Head, Heads, Ledger
from servicekit.db.pool import Connection

_ROWS_AT_A_TIME = 4000


@dataclass(frozen=True, slots=True)
class Report:
    """What was verified in `seconds`. `heads` are the checkpoint to keep for next time, when there is no break."""

    entries: int
    breaks: tuple[Break, ...]
    heads: Heads
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.breaks


async def verify_ledger(
    connection: Connection, ledger: Ledger, checkpoint: Heads | None = None, *, chain: str | None = None
) -> Report:
    """Verifies all chains of the ledger, or one, as they were at one moment; writers need not stop."""
    began = perf_counter()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        heads = {row[0]: Head(row[1], row[2]) for row in await connection.fetch(ledger.heads, chain)}
        fold = ChainFold(ledger, heads, checkpoint)
        cursor = await connection.cursor(ledger.rows, chain)
        rows = await cursor.fetch(_ROWS_AT_A_TIME)
        while rows:
            following = asyncio.ensure_future(cursor.fetch(_ROWS_AT_A_TIME))
            await asyncio.sleep(0)  # the question is on its way: the server works while we do
            fold.add(rows)
            rows = await following
        fold.end()
    ends = {name: head for name, head in fold.ends.items() if head.seq}
    return Report(fold.entries, tuple(fold.breaks), ends, perf_counter() - began)
