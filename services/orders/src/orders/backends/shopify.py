"""Orders in Shopify, through its Admin GraphQL API."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.tools.orders import OrderLookup, OrderView
from orders.backends.remote import Found, Noted
from orders.backends.shopify_api import ShopifyApi
from orders.backends.shopify_documents import FIND_ORDER, FIND_STATUS, LIST_ORDERS, MORE_LINES, NOTE
from orders.backends.shopify_orders import order_of, shown_id, status_of

_CUSTOMER = "gid://shopify/Customer/"
_MOST_PAGES = 5


@dataclass(frozen=True, slots=True)
class Shopify:
    """A `Shop`. `name_prefix` is what the shop puts before order numbers, `#` if it has chosen nothing else."""

    api: ShopifyApi
    name_prefix: str

    @property
    def system(self) -> str:
        """Its name, for our logs."""
        return self.api.api.system

    async def find(self, customer: str, lookup: OrderLookup, *, lines: bool) -> Found | None:
        """The customer's order by its name, or their newest one."""
        asked = None if lookup.order_id is None else lookup.order_id.upper()
        search = f"customer_id:{customer}"
        if asked is not None:
            # Letters, digits and hyphens: nothing in it can end the quotation.
            search += f' name:"{self.name_prefix}{asked}"'
        operation, document = ("FindOrder", FIND_ORDER) if lines else ("FindStatus", FIND_STATUS)
        data = await self.api.run(operation, document, {"search": search})
        for order in data["orders"]["nodes"]:
            if _is_of(order, customer) and (asked is None or shown_id(order, self.name_prefix).upper() == asked):
                return await self._found(order, lines=lines)
        return None

    async def newest(self, customer: str, most: int) -> tuple[OrderView, ...]:
        """The customer's newest orders, each with its first lines: one question, whatever is in them."""
        data = await self.api.run("ListOrders", LIST_ORDERS, {"search": f"customer_id:{customer}", "first": most})
        theirs = [order for order in data["orders"]["nodes"] if _is_of(order, customer)]
        return tuple(order_of(order, order["lineItems"]["nodes"], self.name_prefix) for order in theirs[:most])

    async def note(self, found: Found, note: str, reference: str, at: datetime) -> Noted | None:
        """Adds the note to the end of the order's own note, unless our reference stands there already.

        Shopify keeps one text per order, so what was there is written again with ours after it. What staff write
        between our look and our writing would be lost: a moment, and the same when two of them edit at once.
        """
        mark = f"[{reference}]"
        if mark not in found.note.splitlines():
            text = "\n".join(part for part in (found.note, note, mark) if part)
            payload = await self.api.change("Note", NOTE, {"input": {"id": found.ref, "note": text}})
            if payload["order"] is None:
                return None
        return Noted(reference, at)

    async def _found(self, order: Mapping[str, Any], *, lines: bool) -> Found:
        view = order_of(order, await self._lines(order), self.name_prefix) if lines else None
        return Found(order["id"], status_of(order, self.name_prefix), view, order["note"] or "")

    async def _lines(self, order: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        connection = order["lineItems"]
        lines = list(connection["nodes"])
        for _ in range(_MOST_PAGES):
            if not connection["pageInfo"]["hasNextPage"]:
                return lines
            after = {"id": order["id"], "after": connection["pageInfo"]["endCursor"]}
            connection = (await self.api.run("MoreLines", MORE_LINES, after))["order"]["lineItems"]
            lines += connection["nodes"]
        raise ValueError("an order has more lines than Shopify allows")


def _is_of(order: Mapping[str, Any], customer: str) -> bool:
    """Whose it is was part of the question; an answer to another question is not believed."""
    return (order["customer"] or {}).get("id") == f"{_CUSTOMER}{customer}"
