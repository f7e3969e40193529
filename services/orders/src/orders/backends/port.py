"""What the handlers need of the system that holds the orders. The customer is always part of the question:
no method can be asked for somebody else's order.

OrdersBackend ─┬ PostgresOrders   our own tables (postgres.py)
               └ RemoteOrders     a shop system (remote.py) ── Shop ─┬ WooCommerce
                                                                     └ Shopify
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from contracts.tools.orders import AddOrderNoteOutput, OrderLookup, OrderStatusView, OrderView
from servicekit.db.pool import Connection


@dataclass(frozen=True, slots=True)
class ByAddress:
    """A guest who has proven this mail address: what they may read is what the shop itself knows under it."""

    email: str


#: Whose orders are looked at: the token's subject, or who has proven an address.
Owner = str | ByAddress


class OrdersBackend(Protocol):
    """`customer` is the token's subject. None means: no such order, or not theirs; nobody can tell which.

    A backend of a remote system raises ProblemError when that system does not do it.
    """

    async def find_status(self, customer: Owner, lookup: OrderLookup) -> OrderStatusView | None:
        """Where the order is."""
        ...

    async def find_order(self, customer: Owner, lookup: OrderLookup) -> OrderView | None:
        """The order with its lines."""
        ...

    async def list_orders(self, customer: Owner, most: int) -> tuple[OrderView, ...]:
        """The customer's newest orders with their lines, the newest first, at most so many."""
        ...

    async def add_note(
        self, customer: str, order_id: str, note: str, at: datetime, reference: str
    ) -> AddOrderNoteOutput | None:
        """Stores the note; on our own database it becomes visible when the request's transaction commits.

        `reference` is the same for each attempt of one call, and for no other: a remote system, which our transaction
        cannot undo, is searched for it first, and a note that is there already is not added again.
        """
        ...


#: Gives the backend of one request; an adapter of a remote system has no use for the connection.
OpenBackend = Callable[[Connection], OrdersBackend]
