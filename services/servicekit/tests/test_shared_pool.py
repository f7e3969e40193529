"""A share of a pool: work that can wait never takes the last connections from what cannot."""

import asyncio
from collections.abc import Callable

import pytest

from servicekit.db.pool import Database
from servicekit.testing import eventually

pytestmark = pytest.mark.service


async def test_those_who_share_leave_some_connections_for_all_others(database_url: Callable[[str], str]) -> None:
    database = await Database.connect(database_url("servicekit.testing.sample"), size=3)
    share, go, held = database.share(2), asyncio.Event(), []

    async def hold() -> None:
        async with share.primary():
            held.append(1)
            await go.wait()

    holding = [asyncio.create_task(hold()) for _ in range(10)]
    try:
        await eventually(lambda: len(held) == 2)  # each opens its connection first
        for _ in range(5):
            async with asyncio.timeout(2), database.transaction() as db:
                assert await db.fetchval("SELECT 1") == 1
        assert len(held) == 2
    finally:
        go.set()
        await asyncio.gather(*holding)
        await database.close()
    assert len(held) == 10, "nobody was turned away"
