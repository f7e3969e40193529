"""Postgres, WooCommerce and Shopify keep the same promises on the same orders."""

from collections.abc import AsyncIterator

import pytest

from orders.backends.choice import backend_of
from orders.backends.postgres import PostgresOrders
from orders.people import ORDER_NOTES
from orders.settings import Settings
from servicekit.testing.tool_client import ToolClient

from .port_suite import Held, OrdersPort, RemoteOrdersPort
from .shops import ShopServer

pytestmark = pytest.mark.service
_NOTES = "SELECT * FROM order_notes WHERE order_id = $1"


class TestPostgres(OrdersPort):
    """Our own tables."""

    @pytest.fixture
    async def held(self, service: ToolClient) -> AsyncIterator[Held]:
        keys = service.people
        async with service.kit.db.primary() as connection:

            async def notes(order_id: str) -> str:
                rows = await connection.fetch(_NOTES, order_id)
                openers = await keys.openers(connection, (keys.name(row["customer_id"]) for row in rows))
                return " ".join(ORDER_NOTES.opened(row, openers[keys.name(row["customer_id"])])["note"] for row in rows)

            # The tests of a module share a database: what one of them writes is undone.
            transaction = connection.transaction()
            await transaction.start()
            yield Held(PostgresOrders(connection, keys), "cust_ada", "cust_ben", notes)
            await transaction.rollback()


class TestShops(RemoteOrdersPort):
    """The shop systems."""

    @pytest.fixture
    async def held(self, shop: ShopServer, over_shop: ToolClient, settings: Settings) -> AsyncIterator[Held]:
        async def notes(order_id: str) -> str:
            return shop.notes(order_id)

        open_backend = backend_of(shop.settings(settings), over_shop.kit.http, over_shop.clock, over_shop.people)
        async with over_shop.kit.db.transaction() as connection:
            yield Held(open_backend(connection), shop.ada, shop.ben, notes)
