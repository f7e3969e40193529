"""Where an open stream waits for its next frames: many wait at once, so waiting makes no task and seldom a timer.

A reader that is behind gets all that waits as one piece, which is one write to its socket: under load a stream comes
in larger pieces, not later and later.
"""

import asyncio
from itertools import takewhile

#: A reader that is this many batches behind is cut off; it goes on from what is stored.
BACKLOG = 256


class Mailbox:
    """Batches of frames for one reader. To be read by one task."""

    __slots__ = ("_due", "_items", "_loop", "_timer", "_waiter")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        #: Batches in their order; None where the reader must look into the store before it goes on.
        self._items: list[bytes | None] = []
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def put(self, batch: bytes) -> None:
        """Frames for the reader. One that does not keep up is cut off: what it has not taken is dropped."""
        if len(self._items) >= BACKLOG:
            self._items.clear()
            self.cut_off()
        self._items.append(batch)
        self._wake()

    def cut_off(self) -> None:
        """Behind what it has by now the reader goes on from what is stored."""
        self._items.append(None)
        self._wake()

    async def take(self, timeout_s: float) -> bytes | None:
        """All that waits; None when the reader was cut off. Raises TimeoutError when nothing came."""
        if not self._items:
            await self._wait(timeout_s)
        if not self._items:
            raise TimeoutError
        if self._items[0] is None:
            del self._items[0]
            return None
        whole = [batch for batch in takewhile(lambda one: one is not None, self._items) if batch is not None]
        del self._items[: len(whole)]
        return b"".join(whole)

    def close(self) -> None:
        """Nobody reads any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _wait(self, timeout_s: float) -> None:
        self._due = self._loop.time() + timeout_s
        # A timer that stands already fires too early, and is set anew then: once in its time, not for each piece.
        if self._timer is None or self._timer.when() > self._due:
            self._arm()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._due:
            self._arm()
        else:
            self._wake()
