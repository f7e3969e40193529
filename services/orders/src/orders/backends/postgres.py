"""Orders in our own Postgres: rows of `repository` as the contract's models."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from contracts.ids import new_id
from contracts.money import Money
from contracts.tools.orders import (
    AddOrderNoteOutput,
    OrderItem,
    OrderLookup,
    OrderStatus,
    OrderStatusView,
    OrderView,
)
from orders import repository
from orders.backends.port import ByAddress, Owner
from orders.people import ORDER_NOTES
from servicekit.db.pool import Connection
from servicekit.sealing.subjects import SubjectKeys


class PostgresOrders:
    """An `OrdersBackend` over one connection; what customers write is sealed with their keys."""

    def __init__(self, connection: Connection, keys: SubjectKeys) -> None:
        self._connection, self._keys = connection, keys

    async def find_status(self, customer: Owner, lookup: OrderLookup) -> OrderStatusView | None:
        """Where the order is; None when the customer has no such order."""
        order = await self._find(customer, lookup)
        return None if order is None else OrderStatusView(**_status_fields(order))

    async def find_order(self, customer: Owner, lookup: OrderLookup) -> OrderView | None:
        """The order with its lines; None when the customer has no such order."""
        order = await self._find(customer, lookup)
        if order is None:
            return None
        return _view(order, await repository.items_of(self._connection, order["id"]))

    async def list_orders(self, customer: Owner, most: int) -> tuple[OrderView, ...]:
        """The customer's newest orders with their lines: one question for the orders, one for all lines."""
        by_address = isinstance(customer, ByAddress)
        owner = customer.email if isinstance(customer, ByAddress) else customer
        orders = await repository.newest_orders(self._connection, owner, most, by_address=by_address)
        ids = [order["id"] for order in orders]
        lines: dict[str, list[asyncpg.Record]] = {one: [] for one in ids}
        for row in await repository.items_of_listed(self._connection, owner, ids, by_address=by_address):
            lines[row["order_id"]].append(row)
        return tuple(_view(order, lines[order["id"]]) for order in orders)

    async def add_note(
        self, customer: str, order_id: str, note: str, at: datetime, reference: str
    ) -> AddOrderNoteOutput | None:
        """Stores the note; None, and nothing stored, when the customer has no such order.

        Here the request's transaction makes it once, so the `reference` is not needed.
        """
        note_id = new_id("not")
        sealer = await self._keys.sealer(self._connection, self._keys.name(customer))
        sealed = sealer.seal(ORDER_NOTES.column("note"), note_id, note)
        stored_for = await repository.insert_note(self._connection, note_id, customer, order_id, sealed, at)
        if stored_for is None:
            return None
        return AddOrderNoteOutput(note_id=note_id, order_id=stored_for, created_at=at)

    async def _find(self, customer: Owner, lookup: OrderLookup) -> asyncpg.Record | None:
        if isinstance(customer, ByAddress):
            if lookup.email is not None and lookup.email.lower() != customer.email.lower():
                return None
            return await repository.order_of_address(self._connection, customer.email, lookup.order_id)
        if lookup.order_id is not None:
            return await repository.order_by_id(self._connection, customer, lookup.order_id)
        return await repository.newest_order(self._connection, customer, lookup.email or "")


def _view(order: asyncpg.Record, lines: Sequence[asyncpg.Record]) -> OrderView:
    return OrderView(
        **_status_fields(order),
        items=tuple(_item(row, order["currency"]) for row in lines),
        total=Money(amount_minor=order["total_minor"], currency=order["currency"]),
        ship_to=f"{order['ship_city']}, {order['ship_country']}",
    )


def _status_fields(order: asyncpg.Record) -> dict[str, Any]:
    return {
        "order_id": order["id"],
        "status": OrderStatus(order["status"]),
        **{name: order[name] for name in ("placed_at", "updated_at", "carrier", "tracking_url", "eta")},
    }


def _item(row: asyncpg.Record, currency: str) -> OrderItem:
    price = Money(amount_minor=row["unit_price_minor"], currency=currency)
    return OrderItem(sku=row["sku"], name=row["name"], quantity=row["quantity"], unit_price=price)
