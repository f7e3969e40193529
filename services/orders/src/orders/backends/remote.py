"""Orders in somebody else's shop system: what all of them need, written once.

Whose the orders are: the token's subject names a customer of the shop, `{prefix}{number}`. E-mail addresses that were
written in a chat decide nothing. What goes wrong over there becomes a problem here, and only here.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from contracts.tools.orders import AddOrderNoteOutput, OrderLookup, OrderStatusView, OrderView
from orders import repository
from orders.backends.port import ByAddress, Owner
from servicekit.db.pool import Connection
from servicekit.http.remote import RemoteFailure, RemoteKind
from servicekit.logging import get_logger

_NUMBER = re.compile(r"[1-9][0-9]{0,18}")
_LINK = re.compile(r"https?://[!-~]{1,2000}")
#: Only so does a shop say that it will never take this note; 200 is how a GraphQL API puts it.
_REFUSES_A_NOTE = frozenset({200, 400, 422})
#: What our callers keep as the final answer to a call; anything else is asked again.
_FINAL: frozenset[RemoteKind] = frozenset({"not_found", "conflict", "rejected"})


@dataclass(frozen=True, slots=True)
class Found:
    """An order of the asked customer: `ref` is the shop's own id of it, `note` what is noted on the order itself."""

    ref: str
    status: OrderStatusView
    order: OrderView | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """A note as the shop keeps it."""

    note_id: str
    created_at: datetime


class Shop(Protocol):
    """One shop system. An answer that cannot be read is RemoteFailure, ValueError, KeyError or TypeError."""

    @property
    def system(self) -> str:
        """Its name, for our logs."""
        ...

    async def find(self, customer: str, lookup: OrderLookup, *, lines: bool) -> Found | None:
        """The order, if it is that customer's; `customer` is the shop's own number of them. `lines`: with its lines.

        An e-mail address in the look-up is the customer's own: it stands for their newest order.
        """
        ...

    async def newest(self, customer: str, most: int) -> tuple[OrderView, ...]:
        """That customer's newest orders with their lines, the newest first, at most so many."""
        ...

    async def note(self, found: Found, note: str, reference: str, at: datetime) -> Noted | None:
        """Keeps the note with an order that was found, once per reference; None when the order is gone."""
        ...


@dataclass(frozen=True, slots=True)
class RemoteOrders:
    """An `OrdersBackend` over a shop system. Our own database holds none of its orders; it keeps writers apart."""

    shop: Shop
    prefix: str
    connection: Connection

    async def find_status(self, customer: Owner, lookup: OrderLookup) -> OrderStatusView | None:
        """Where the order is; None when the customer has no such order."""
        found = await self._find(customer, lookup, lines=False)
        return None if found is None else found.status

    async def find_order(self, customer: Owner, lookup: OrderLookup) -> OrderView | None:
        """The order with its lines; None when the customer has no such order."""
        found = await self._find(customer, lookup, lines=True)
        return None if found is None else found.order

    async def list_orders(self, customer: Owner, most: int) -> tuple[OrderView, ...]:
        """The customer's newest orders with their lines; none of a subject who is no customer of the shop."""
        number = self._number(customer)
        if number is None:
            return ()
        with _as_problems(self.shop.system, frozenset()):
            return await self.shop.newest(number, most)

    async def add_note(
        self, customer: str, order_id: str, note: str, at: datetime, reference: str
    ) -> AddOrderNoteOutput | None:
        """Stores the note, once per reference; None, and nothing stored, when the customer has no such order."""
        # A shop may keep one text for all notes: of two at once, one would be written over.
        await repository.one_at_a_time(self.connection, f"orders:{self.shop.system}:{customer}")
        found = await self._find(customer, OrderLookup(order_id=order_id), lines=False)
        if found is None:
            return None
        with _as_problems(self.shop.system, _REFUSES_A_NOTE):
            noted = await self.shop.note(found, note, reference, at)
        if noted is None:
            return None
        return AddOrderNoteOutput(note_id=noted.note_id, order_id=found.status.order_id, created_at=noted.created_at)

    async def _find(self, customer: Owner, lookup: OrderLookup, *, lines: bool) -> Found | None:
        number = self._number(customer)
        if number is None:
            return None
        with _as_problems(self.shop.system, frozenset()):
            return await self.shop.find(number, lookup, lines=lines)

    def _number(self, customer: Owner) -> str | None:
        # The tools say that they take no address here: no shop system is asked whose it is.
        return None if isinstance(customer, ByAddress) else customer_number(customer, self.prefix)


def customer_number(subject: str, prefix: str) -> str | None:
    """The shop's number of the customer whom a subject names: `wp_26` is 26. None when it names none of them."""
    number = subject.removeprefix(prefix)
    if not subject.startswith(prefix) or not _NUMBER.fullmatch(number):
        return None
    return number


def web_link(text: object) -> str | None:
    """A link that may be shown to a customer: of the web, in visible characters. Anything else is None."""
    return text if isinstance(text, str) and _LINK.fullmatch(text) else None


@contextmanager
def _as_problems(system: str, refusals: frozenset[int]) -> Iterator[None]:
    """`refusals` are the statuses by which the shop says no for good."""
    try:
        yield
    except RemoteFailure as failure:
        get_logger().warning("shop_failed", system=system, kind=failure.kind, status=failure.status, code=failure.code)
        if failure.kind in _FINAL and not (failure.kind == "rejected" and failure.status in refusals):
            # No missing order is asked for by its path, and a locked, busy or unpaid shop is itself again later.
            failure = RemoteFailure(system, "unavailable", status=failure.status)
        raise failure.as_problem() from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # They answered, and not as their documentation says. The error's text may quote them.
        get_logger().error("shop_answer_unreadable", system=system, error=type(error).__name__)
        raise RemoteFailure(system, "garbage").as_problem() from None
