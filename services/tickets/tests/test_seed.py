"""The demo shop's tickets: the same rows however often they are written, and real tickets go on after them."""

import pytest

from servicekit.testing import FakeClock
from servicekit.testing.tool_client import ToolClient
from tickets.people import TICKETS
from tickets.policy import load_policy
from tickets.seed import seed

pytestmark = pytest.mark.service


async def test_seeding_twice_brings_the_same_rows(service: ToolClient, clock: FakeClock) -> None:
    before = await _everything(service)
    clock.advance(3600)
    await seed(service.kit.db, clock, service.people)
    assert await _everything(service) == before


async def test_the_tickets_stand_in_the_queues_of_the_policy(service: ToolClient) -> None:
    policy = load_policy()
    async with service.kit.db.read() as connection:
        rows = await connection.fetch("SELECT * FROM tickets")
    assert len(rows) == 15
    for row in rows:
        assert row["queue"] == policy.queues[row["category"]]
        assert int(row["number"].removeprefix("HP-")) < 10023
        assert row["created_at"] < row["first_reply_due"]


async def _everything(service: ToolClient) -> str:
    async with service.kit.db.read() as connection:
        found: str = await connection.fetchval(
            "SELECT jsonb_agg(to_jsonb(t) - 'subject' - 'body' - 'resolution' ORDER BY t.id)::text FROM tickets t"
        )
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM tickets ORDER BY id")]
    return found + str([
        {name: row[name] for name in TICKETS.sealed} for row in [await service.opened(TICKETS, one) for one in ids]
    ])  # fmt: skip
