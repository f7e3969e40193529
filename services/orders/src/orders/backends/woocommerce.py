"""Orders in WooCommerce, through its REST API (wc/v3) alone: how the shop stores its orders, as posts or in tables of
their own, is none of our business. https://woocommerce.github.io/woocommerce-rest-api-docs/
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from contracts.tools.orders import OrderLookup, OrderStatus, OrderView
from orders.backends.remote import Found, Noted
from orders.backends.woocommerce_orders import HIDDEN, order_of, shown_id, status_of, utc
from servicekit.http.remote import RemoteApi, RemoteFailure

_ORDERS = "/wp-json/wc/v3/orders"
_NEWEST = {"orderby": "date", "order": "desc"}
_PER_PAGE = 50
#: A search of the customer's own orders that does not end here finds nothing: there is no time for more.
_MOST_PAGES = 4


@dataclass(frozen=True, slots=True)
class WooCommerce:
    """A `Shop`. `statuses` says what statuses of plugins mean; it may also give one of the core's another meaning."""

    api: RemoteApi
    statuses: Mapping[str, OrderStatus]

    @property
    def system(self) -> str:
        """Its name, for our logs."""
        return self.api.system

    async def find(self, customer: str, lookup: OrderLookup, *, lines: bool) -> Found | None:
        """The customer's order by its number, or their newest one."""
        if lookup.order_id is None:
            return await self._first(customer, None, {**_NEWEST, "per_page": "1"}, lines)
        asked = _normal(lookup.order_id)
        if asked.isdigit():
            # Without a plugin the number is the id.
            found = await self._first(customer, asked, {"include": asked}, lines)
            if found is not None:
                return found
        return await self._first(customer, asked, {"search": asked, "per_page": str(_PER_PAGE)}, lines)

    async def newest(self, customer: str, most: int) -> tuple[OrderView, ...]:
        """The customer's newest orders. What is no order of theirs is passed over, on further pages if need be."""
        found: list[OrderView] = []
        async for order in self._theirs(customer, {**_NEWEST, "per_page": str(most)}):
            found.append(order_of(order, self.statuses))
            if len(found) == most:
                break
        return tuple(found)

    async def note(self, found: Found, note: str, reference: str, at: datetime) -> Noted | None:
        """Adds a private note with our reference, unless there is one."""
        path = f"{_ORDERS}/{found.ref}/notes"
        mark = f"[{reference}]"
        try:
            notes = await self.api.call("GET", path, query={"type": "internal"})
            there = next((one for one in notes.body if mark in str(one["note"])), None)
            if there is None:
                # The shop shows notes as HTML.
                text = f"{escape(note, quote=False)}\n\n{mark}"
                there = (await self.api.call("POST", path, body={"note": text, "customer_note": False})).body
        except RemoteFailure as failure:
            if failure.kind == "not_found":
                return None
            raise
        return Noted(str(there["id"]), utc(there["date_created_gmt"]))

    async def _first(self, customer: str, asked: str | None, query: Mapping[str, str], lines: bool) -> Found | None:
        async for order in self._theirs(customer, query):
            if asked is None or _normal(shown_id(order)) == asked:
                view = order_of(order, self.statuses) if lines else None
                return Found(str(order["id"]), status_of(order, self.statuses), view)
        return None

    async def _theirs(self, customer: str, query: Mapping[str, str]) -> AsyncIterator[Mapping[str, Any]]:
        async for order in self._orders({**query, "customer": customer, "dp": "4"}):
            # Whose it is was part of the question; a shop that ignores the question is not believed.
            if order["customer_id"] == int(customer) and order["status"] not in HIDDEN:
                yield order

    async def _orders(self, query: Mapping[str, str]) -> AsyncIterator[Mapping[str, Any]]:
        for page in range(1, _MOST_PAGES + 1):
            answer = await self.api.call("GET", _ORDERS, query={**query, "page": str(page)})
            for order in answer.body:
                yield order
            if "per_page" not in query or page >= int(answer.headers.get("x-wp-totalpages", "1")):
                return


def _normal(order_id: str) -> str:
    """Ids are compared without case, and numbers without their leading zeros."""
    return (order_id.lstrip("0") or "0") if order_id.isdigit() else order_id.upper()
