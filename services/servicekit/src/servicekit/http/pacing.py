"""Reads a body in pieces under two clocks: one for the whole, one between two pieces."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable

import aiohttp
import httpx

from servicekit.http.client import HttpFailure


async def paced(
    source: AsyncIterator[bytes],
    deadline: float,
    idle_timeout_s: float | None,
    failure: Callable[[Exception], HttpFailure],
) -> AsyncGenerator[bytes, None]:
    """The pieces of `source`. `deadline` is in the loop's time. Only the reading is timed, never the reader's own work.

    To be read by one task. Raises what `failure` makes of the library's exceptions.
    """
    watch = _Watch(deadline, idle_timeout_s)
    pieces = aiter(source)
    try:
        while True:
            watch.begin()
            try:
                piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except asyncio.CancelledError:
                if watch.is_the_cause():
                    raise failure(TimeoutError()) from None
                raise
            except (aiohttp.ClientError, httpx.HTTPError, httpx.StreamError, OSError) as error:
                raise failure(error) from None
            finally:
                watch.pause()
            yield piece
    finally:
        watch.stop()


class _Watch:
    """One timer for all pieces, moved when it fires: one timer for each would cost more than reading the piece."""

    def __init__(self, deadline: float, idle_s: float | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._cancelling = self._task.cancelling() if self._task is not None else 0
        self._deadline, self._idle_s = deadline, idle_s
        self._since: float | None = None
        self._fired = False
        self._timer = self._loop.call_at(self._limit(self._loop.time()), self._look)

    def begin(self) -> None:
        """The reading of a piece begins."""
        self._since = self._loop.time()
        if self._since >= self._deadline:
            self._loop.call_soon(self._look)

    def pause(self) -> None:
        """The piece is there; what is done with it takes as long as it takes."""
        self._since = None

    def stop(self) -> None:
        """No piece will be read any more."""
        self._timer.cancel()

    def is_the_cause(self) -> bool:
        """Whether a cancellation is only this watch's own; as `asyncio.timeout` does it."""
        return self._fired and self._task is not None and self._task.uncancel() <= self._cancelling

    def _limit(self, since: float) -> float:
        return self._deadline if self._idle_s is None else min(self._deadline, since + self._idle_s)

    def _look(self) -> None:
        now = self._loop.time()
        if self._since is not None and now >= self._limit(self._since):
            self._fired = True
            if self._task is not None:
                self._task.cancel()
        elif not self._fired:
            self._timer.cancel()
            self._timer = self._loop.call_at(max(self._limit(self._since or now), now + 0.001), self._look)
