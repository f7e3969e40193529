"""Reads come from the replica when there is one; what is written goes to the primary."""

from collections.abc import AsyncIterator

import pytest

from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER_STATUS
from orders.app import build
from orders.seed import seed
from orders.settings import Settings
from servicekit.db.pool import Database
from servicekit.testing import FakeClock
from servicekit.testing.databases import TestDatabases
from servicekit.testing.tool_client import ToolClient, tool_service

pytestmark = pytest.mark.service
NOTE = {"order_id": "ABC123", "note": "Ring twice."}


@pytest.fixture
async def replicated(settings: Settings, postgres_server: TestDatabases, clock: FakeClock) -> AsyncIterator[ToolClient]:
    """A service whose "replica" differs from the primary, so that it shows which of the two was asked."""
    replica_url = postgres_server.create("orders")
    replica = await Database.connect(replica_url, size=1)
    await seed(replica, clock)
    async with replica.transaction() as connection:
        await connection.execute("UPDATE orders SET status = 'returned' WHERE id = 'ABC123'")
    await replica.close()
    with_replica = settings.model_copy(update={"database_replica_url": replica_url})
    async with tool_service(lambda kit: build(with_replica, kit_factory=kit), clock) as client:
        await seed(client.kit.db, clock)
        yield client


async def test_a_look_up_reads_the_replica(replicated: ToolClient) -> None:
    found = await replicated.call(GET_ORDER_STATUS, {"order_id": "ABC123"})
    assert found.json()["status"] == "returned"


async def test_a_note_is_written_to_the_primary(replicated: ToolClient) -> None:
    grant = await replicated.confirm(ADD_ORDER_NOTE, NOTE)
    stored = await replicated.call(ADD_ORDER_NOTE, NOTE, grant=grant)
    async with replicated.kit.db.primary() as connection:
        on_primary = await connection.fetchval("SELECT count(*) FROM order_notes")
    async with replicated.kit.db.read() as connection:
        on_replica = await connection.fetchval("SELECT count(*) FROM order_notes")
    assert (stored.status_code, on_primary, on_replica) == (200, 1, 0)
