"""Waits for what other tasks bring about, without fixed sleeps."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(fn: Callable[[], T | Awaitable[T]], timeout_s: float = 5.0) -> T:
    """The first truthy result of `fn` (awaited when it must be). AssertionErrors of `fn` count as "not yet".

    Raises AssertionError when `timeout_s` seconds are over.
    """
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + timeout_s, 0.005
    while True:
        last: AssertionError | None = None
        try:
            found = fn()
            value: T = await found if inspect.isawaitable(found) else found
            if value:
                return value
        except AssertionError as error:
            last = error
        if loop.time() >= deadline:
            raise AssertionError(f"not true within {timeout_s} s") from last
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.1)
