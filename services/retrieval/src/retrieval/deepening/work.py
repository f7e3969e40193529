"""The work of deepening: windows in small batches through the deep model, one transaction per batch.

Killed at any moment it loses at most one batch of work: what is stored is whole, and what is not is still pending.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from retrieval.backends.port import Vector
from retrieval.deepening import queue
from servicekit.db.pool import Database

#: Windows per transaction: some seconds of work.
BATCH = 64
_WAIT_S = 0.5

Embed = Callable[[list[str]], Awaitable[Vector]]
#: Called with the windows done so far and those still pending.
Progress = Callable[[int, int], None]


async def deepen_all(db: Database, embed: Embed, *, progress: Progress = lambda _done, _pending: None) -> int:
    """Works until no window is pending; returns how many texts were embedded here. Raises ProblemError.

    While another process is at it this one waits, and goes on when that one ends.
    """
    embedded = 0
    async with _turn(db) as is_ours:
        if not is_ours:
            return 0
        done = 0
        while True:
            async with db.primary() as connection:
                texts = await queue.next_texts(connection, BATCH)
                before = await queue.pending_windows(connection)
            if not texts:
                return embedded
            vectors = await embed(list(texts.values()))
            async with db.transaction() as connection:
                await queue.store(connection, dict(zip(texts, vectors, strict=True)))
            async with db.primary() as connection:
                pending = await queue.pending_windows(connection)
            embedded += len(texts)
            done += max(0, before - pending)
            progress(done, pending)


@asynccontextmanager
async def _turn(db: Database) -> AsyncIterator[bool]:
    """Holds the worker's lock; yields False when nothing is left to do before it could be had."""
    async with db.primary() as session:
        while not await queue.take_lock(session):
            if not await queue.pending_windows(session):
                yield False
                return
            await asyncio.sleep(_WAIT_S)
        try:
            yield True
        finally:
            await queue.release_lock(session)
