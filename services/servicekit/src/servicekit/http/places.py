"""How many requests one client has under way at most. Who waits for a place waits for us, not for the other side."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from servicekit.http.client import HttpFailure


class Places:
    """`limit` of them, given in the order of asking. The libraries' own limits could not say what a time-out was."""

    def __init__(self, limit: int) -> None:
        self._free = asyncio.Semaphore(limit)

    @asynccontextmanager
    async def one(self, deadline: float) -> AsyncIterator[None]:
        """A place for the length of the block. Raises HttpFailure("no_place") at `deadline`, in the loop's time."""
        if self._free.locked():
            try:
                async with asyncio.timeout_at(deadline):
                    await self._free.acquire()
            except TimeoutError:
                raise HttpFailure("no_place") from None
        else:
            await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()
