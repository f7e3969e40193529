"""Work that a service does by itself beside its requests: sweeps on a jittered clock, and tasks that really end."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from servicekit.errors import ProblemError
from servicekit.logging import get_logger

_INSIST_S = 0.5


@asynccontextmanager
async def sweeping(name: str, every_s: float, batch: int, sweep: Callable[[], Awaitable[int]]) -> AsyncIterator[None]:
    """Runs `sweep` about every `every_s` seconds until the block ends, never when that is 0. A pass that did `batch`
    things or more is followed by another at once; one that fails is logged, and the next one comes.
    """
    tasks = [asyncio.create_task(_sweep(name, every_s, batch, sweep), name=name)] if every_s > 0 else []
    try:
        yield
    finally:
        await stop(tasks)


async def stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancels the tasks until all have ended."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        # A cancellation can get lost in a library's time-out: Python's `wait_for` had that until 3.12.
        _, left = await asyncio.wait(left, timeout=_INSIST_S)
    await asyncio.gather(*tasks, return_exceptions=True)


async def _sweep(name: str, every_s: float, batch: int, sweep: Callable[[], Awaitable[int]]) -> None:
    while True:
        # Replicas that were started together do not sweep together.
        await asyncio.sleep(every_s * random.uniform(0.75, 1.25))
        try:
            while await sweep() >= batch:
                pass
        except ProblemError as error:
            get_logger().warning("sweep_failed", sweep=name, code=error.code.value)
        except Exception:  # noqa: BLE001 - whatever it was, the next pass must come
            get_logger().exception("sweep_broke", sweep=name)
