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

    Raises what `failure` makes of the library's exceptions.
    """
    loop = asyncio.get_running_loop()
    pieces = aiter(source)
    while True:
        limit = deadline if idle_timeout_s is None else min(deadline, loop.time() + idle_timeout_s)
        try:
            async with asyncio.timeout_at(limit):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except (aiohttp.ClientError, httpx.HTTPError, httpx.StreamError, TimeoutError, OSError) as error:
            raise failure(error) from None
        yield piece
