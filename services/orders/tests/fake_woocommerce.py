"""WooCommerce's REST API (wc/v3) as far as it is documented and used: a server of our own, never their code.

https://woocommerce.github.io/woocommerce-rest-api-docs/
"""

import asyncio
import math
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .shop_data import SeededOrder

KEY, SECRET = "ck_test", "cs_test-secret"
_STATUSES = {
    "shipped": "completed", "pending_payment": "pending", "processing": "processing", "delivered": "delivered",
    "cancelled": "cancelled", "refunded": "refunded", "returned": "returned",
}  # fmt: skip
_COUNTRIES = {"United States": "US", "Sweden": "SE"}


@dataclass
class FakeWooCommerce:
    """A shop with orders and notes. `lose_next_note`: the next note is added, and the answer never comes."""

    orders: list[dict[str, Any]]
    now: datetime
    notes: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    lose_next_note: bool = False
    may_write: bool = True
    ignores_questions: bool = False

    @classmethod
    def seeded(cls, orders: list[SeededOrder], now: datetime) -> "FakeWooCommerce":
        """The shop with those orders."""
        return cls([order_json(one) for one in orders], now)

    def noted(self, number: str) -> list[str]:
        """The notes on an order."""
        (order,) = (one for one in self.orders if one["number"] == number)
        return [note["note"] for note in self.notes.get(order["id"], [])]

    def app(self) -> Starlette:
        """The server."""
        return Starlette(routes=[
            Route("/wp-json/wc/v3/orders", self._list, methods=["GET"]),
            Route("/wp-json/wc/v3/orders/{id:int}/notes", self._notes, methods=["GET", "POST"]),
        ])  # fmt: skip

    async def _list(self, request: Request) -> Response:
        if refused := self._refusal(request):
            return refused
        asked = request.query_params
        found = [one for one in self.orders if self._matches(one, asked)]
        found.sort(key=lambda one: one["date_created_gmt"], reverse=asked.get("order", "desc") == "desc")
        per_page, page = int(asked.get("per_page", "10")), int(asked.get("page", "1"))
        pages = math.ceil(len(found) / per_page)
        headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)}
        return JSONResponse(found[(page - 1) * per_page : page * per_page], headers=headers)

    def _matches(self, order: dict[str, Any], asked: Mapping[str, str]) -> bool:
        if self.ignores_questions:
            return True
        return (
            ("customer" not in asked or order["customer_id"] == int(asked["customer"]))
            and ("include" not in asked or str(order["id"]) in asked["include"].split(","))
            and ("search" not in asked or asked["search"].lower() in order["number"].lower())
        )

    async def _notes(self, request: Request) -> Response:
        if refused := self._refusal(request):
            return refused
        order_id = request.path_params["id"]
        if all(one["id"] != order_id for one in self.orders):
            return _error(404, "woocommerce_rest_order_invalid_id")
        notes = self.notes.setdefault(order_id, [])
        if request.method == "GET":
            return JSONResponse(notes)
        asked = await request.json()
        note = {
            "id": 281 + sum(map(len, self.notes.values())),
            "author": "WooCommerce",
            "date_created_gmt": self.now.strftime("%Y-%m-%dT%H:%M:%S"),
            "note": asked["note"],
            "customer_note": asked.get("customer_note", False),
        }
        notes.append(note)
        if self.lose_next_note:
            self.lose_next_note = False
            await _until_gone(request)
        return JSONResponse(note, 201)

    def _refusal(self, request: Request) -> Response | None:
        if request.headers.get("authorization") != "Basic " + b64encode(f"{KEY}:{SECRET}".encode()).decode():
            return _error(401, "woocommerce_rest_cannot_view")
        if request.method == "POST" and not self.may_write:
            return _error(401, "woocommerce_rest_authentication_error")
        return None


def order_json(order: SeededOrder) -> dict[str, Any]:
    """An order as the API shows it, with its own number by a plugin for sequential numbers."""
    row = order.row
    parcels = [{
        "tracking_provider": "", "custom_tracking_provider": row["carrier"], "tracking_number": "PW1",
        "custom_tracking_link": row["tracking_url"], "date_shipped": "1772000000",
    }]  # fmt: skip
    address = {"city": row["ship_city"], "country": _COUNTRIES[row["ship_country"]]}
    return {
        "id": order.id, "number": row["id"], "status": _STATUSES[row["status"]], "currency": row["currency"],
        "date_created_gmt": row["placed_at"].strftime("%Y-%m-%dT%H:%M:%S"),
        "date_modified_gmt": row["updated_at"].strftime("%Y-%m-%dT%H:%M:%S"),
        "total": _amount(row["total_minor"]), "prices_include_tax": False, "customer_id": order.customer,
        "billing": {**address, "email": "somebody@example.com"}, "shipping": address,
        "meta_data": [{"id": 1, "key": "_wc_shipment_tracking_items", "value": parcels}] if row["carrier"] else [],
        "line_items": [{
            "id": place, "name": line["name"], "quantity": line["quantity"], "sku": line["sku"], "subtotal_tax": "0",
            "subtotal": _amount(line["quantity"] * line["unit_price_minor"]),
            "price": line["unit_price_minor"] / 100,
        } for place, line in enumerate(order.lines)],
    }  # fmt: skip


def _amount(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}00"


def _error(status: int, code: str) -> Response:
    return JSONResponse({"code": code, "message": "Sorry.", "data": {"status": status}}, status)


async def _until_gone(request: Request) -> None:
    async with asyncio.timeout(30):
        while (await request.receive())["type"] != "http.disconnect":
            continue
