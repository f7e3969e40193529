"""The HTTP tool of the rivals that have a framework, on aiohttp: the cheapest client, so that the loop is measured."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp

from turnbench.task import Target

LookUp = Callable[[str], Awaitable[str]]


@asynccontextmanager
async def order_tool(target: Target) -> AsyncIterator[LookUp]:
    """The function that looks an order up; its answer is JSON text."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def look_up(order_id: str) -> str:
            async with session.post(target.tool_url, json={"order_id": order_id}) as answer:
                answer.raise_for_status()
                return await answer.text()

        yield look_up
