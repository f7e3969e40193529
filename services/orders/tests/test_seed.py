"""The demo shop: the same rows however often it is written, and rows that make sense."""

import pytest

from orders.seed import seed
from servicekit.testing import FakeClock
from servicekit.testing.tool_client import ToolClient

pytestmark = pytest.mark.service
EVERYTHING = """
SELECT (SELECT jsonb_agg(c ORDER BY c.id) FROM customers c)::text,
       (SELECT jsonb_agg(o ORDER BY o.id) FROM orders o)::text,
       (SELECT jsonb_agg(i ORDER BY i.order_id, i.line) FROM order_items i)::text
"""
ORDERS_WITH_GOODS = """
SELECT o.*, (SELECT sum(quantity * unit_price_minor) FROM order_items WHERE order_id = o.id) AS goods FROM orders o
"""


async def test_seeding_twice_brings_the_same_rows(service: ToolClient, clock: FakeClock) -> None:
    before = await _everything(service)
    clock.advance(3600)
    await seed(service.kit.db, clock)
    assert await _everything(service) == before


async def test_seeding_on_another_day_moves_the_dates_and_adds_no_rows(service: ToolClient, clock: FakeClock) -> None:
    async with service.kit.db.read() as connection:
        counted = (
            "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_items), (SELECT max(eta) FROM orders)"
        )
        before = await connection.fetchrow(counted)
        clock.advance(86_400)
        await seed(service.kit.db, clock)
        after = await connection.fetchrow(counted)
    assert before is not None
    assert after is not None
    assert tuple(before)[:2] == tuple(after)[:2]
    assert (after[2] - before[2]).days == 1


async def test_the_shop_looks_like_a_shop(service: ToolClient, clock: FakeClock) -> None:
    async with service.kit.db.read() as connection:
        customers = await connection.fetchval("SELECT count(*) FROM customers")
        orders = await connection.fetch(ORDERS_WITH_GOODS)
    assert (customers, len(orders)) == (25, 66)
    assert {row["status"] for row in orders} >= {"pending_payment", "processing", "shipped", "delivered", "cancelled"}
    for row in orders:
        assert row["goods"] > 0
        assert row["total_minor"] - row["goods"] in {0, 590, 3900}, row["id"]  # the shipping costs of the shop
        assert row["placed_at"] <= row["updated_at"] <= clock.now()
        assert (row["eta"] is not None) == (row["status"] == "shipped")


async def _everything(service: ToolClient) -> tuple[str, ...]:
    async with service.kit.db.read() as connection:
        row = await connection.fetchrow(EVERYTHING)
    assert row is not None
    return tuple(row)
