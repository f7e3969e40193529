"""The stack that a demo is held on, as if nobody had written yet."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from rich.console import Console

from onebox.demo.world import World
from onebox.door_parts import provide_parts
from onebox.home import Home
from onebox.local_llm.model import LocalLlm
from onebox.ports import ORCHESTRATOR
from onebox.report import ConsoleReport
from onebox.site import ISSUERS
from onebox.stack import Stack


@asynccontextmanager
async def staged(
    home: Home, console: Console, *, proxied: Sequence[str] = (), llm: LocalLlm | None = None
) -> AsyncIterator[World]:
    """A stack of its own, started and stopped. What was refunded in an earlier demo is paid again, and what was looked
    up is forgotten. Raises StackError when it does not start.
    """
    report = ConsoleReport(console)
    provide_parts(report)
    environment = {name: value for name, value in os.environ.items() if name != ISSUERS}
    stack = Stack(home, report, environment, proxied=proxied, fresh=("billing",), llm=llm)
    try:
        await stack.start()
        await _forget(stack.addresses.redis[ORCHESTRATOR])
        yield World(stack, console)
    finally:
        await stack.stop()


async def _forget(redis_url: str) -> None:
    # Orders that were looked up, and how often somebody wrote, are known for some minutes.
    async with Redis.from_url(redis_url) as redis:
        for pattern in ("aiguy:tool:*", "aiguy:limit:*"):
            kept = [key async for key in redis.scan_iter(pattern)]
            if kept:
                await redis.delete(*kept)
