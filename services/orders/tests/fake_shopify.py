"""Shopify's Admin API as far as it is documented and used: a server of our own, with a schema of the used part."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, build_schema, graphql_sync
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .shop_data import SeededOrder

CLIENT_ID, SECRET, VERSION = "client-id", "shpss_test-secret", "2026-07"
_LIFE_S = 86_399
_SEARCH = re.compile(r'customer_id:(?P<customer>\d+)(?: name:"(?P<name>[^"]*)")?')


@dataclass
class FakeShopify:
    """A shop with orders, tokens and a bucket. `lose_next_note`: the next note is kept, and the answer never comes."""

    orders: list[dict[str, Any]]
    schema: GraphQLSchema
    tokens: list[str] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    lose_next_note: bool = False
    ignores_questions: bool = False
    refuses_notes: bool = False
    error_code: str = ""
    slow_search_s: float = 0.0
    available: float = 2000.0
    cost: float = 20.0

    @classmethod
    def seeded(cls, orders: list[SeededOrder]) -> "FakeShopify":
        """The shop with those orders."""
        sdl = (Path(__file__).parent / "fake_shopify.graphql").read_text(encoding="utf-8")
        return cls([order_json(one) for one in orders], build_schema(sdl))

    def noted(self, number: str) -> str:
        """The note of an order."""
        (note,) = (one["note"] for one in self.orders if one["name"] == f"#{number}")
        return note or ""

    def app(self) -> Starlette:
        """The server."""
        return Starlette(routes=[
            Route("/admin/oauth/access_token", self._token, methods=["POST"]),
            Route(f"/admin/api/{VERSION}/graphql.json", self._graphql, methods=["POST"]),
        ])  # fmt: skip

    async def _token(self, request: Request) -> Response:
        asked = await request.json()
        wanted = {"client_id": CLIENT_ID, "client_secret": SECRET, "grant_type": "client_credentials"}
        if asked != wanted:
            return JSONResponse({"error": "application_cannot_be_found"}, 400)
        # Others come meanwhile: whoever does not wait for this one asks for a token of its own.
        await asyncio.sleep(0.02)
        self.tokens.append(f"shpat_{len(self.tokens)}")
        scope = "read_orders,read_customers,write_orders"
        return JSONResponse({"access_token": self.tokens[-1], "scope": scope, "expires_in": _LIFE_S})

    async def _graphql(self, request: Request) -> Response:
        token = request.headers.get("x-shopify-access-token", "")
        if token not in self.tokens or token in self.revoked:
            return JSONResponse({"errors": "[API] Invalid API key or access token"}, 401)
        asked = await request.json()
        answer: dict[str, Any] = {}
        if self.error_code:
            answer["errors"] = [{"message": "upstream words", "extensions": {"code": self.error_code}}]
        elif self.available < self.cost:
            answer["errors"] = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
        else:
            root = {"orders": self._orders, "order": self._order, "orderUpdate": self._update}
            await asyncio.sleep(self.slow_search_s if asked["operationName"].startswith("Find") else 0)
            done = graphql_sync(
                self.schema, asked["query"], root, variable_values=asked["variables"],
                operation_name=asked["operationName"],
            )  # fmt: skip
            answer = dict(done.formatted)
            if self.lose_next_note and asked["operationName"] == "Note":
                self.lose_next_note = False
                async with asyncio.timeout(30):
                    while (await request.receive())["type"] != "http.disconnect":
                        continue
        status = {"maximumAvailable": 2000.0, "currentlyAvailable": self.available, "restoreRate": 100.0}
        cost = {"requestedQueryCost": self.cost, "actualQueryCost": self.cost, "throttleStatus": status}
        return JSONResponse({**answer, "extensions": {"cost": cost}})

    def _orders(
        self, _: Any, *, first: int, query: str, sortKey: str = "PROCESSED_AT", reverse: bool = False
    ) -> dict[str, Any]:
        asked = _SEARCH.fullmatch(query)
        if asked is None:
            raise ValueError("a search that is not known here")
        found = [
            one
            for one in self.orders
            if self.ignores_questions
            or (
                (one["customer"] or {}).get("id") == f"gid://shopify/Customer/{asked['customer']}"
                and (asked["name"] is None or one["name"].lower().startswith(asked["name"].lower()))
            )
        ]
        # Nothing here is as old as it was processed.
        found.sort(key=lambda one: one["createdAt" if sortKey == "CREATED_AT" else "id"], reverse=reverse)
        return {"nodes": found[:first], "pageInfo": {"hasNextPage": len(found) > first}}

    def _order(self, _: Any, *, id: str) -> dict[str, Any] | None:
        return next((one for one in self.orders if one["id"] == id), None)

    def _update(self, info: Any, *, input: dict[str, Any]) -> dict[str, Any]:
        order = self._order(info, id=input["id"])
        if order is None or self.refuses_notes:
            return {"order": None, "userErrors": [{"field": ["note"], "message": "upstream words"}]}
        order["note"] = input["note"]
        return {"order": order, "userErrors": []}


def order_json(order: SeededOrder) -> dict[str, Any]:
    """An order as the schema shapes it."""
    row, status = order.row, order.row["status"]
    gone = status in ("shipped", "delivered", "returned", "refunded")
    parcel = {
        "displayStatus": "IN_TRANSIT" if status == "shipped" else "DELIVERED",
        "estimatedDeliveryAt": _time(row["eta"]) if row["eta"] else None,
        "trackingInfo": [{"company": row["carrier"], "number": "PW1", "url": row["tracking_url"]}],
    }
    lines = [
        {
            "sku": line["sku"], "name": line["name"], "quantity": line["quantity"],
            "originalUnitPriceSet": _bag(line["unit_price_minor"], row["currency"]),
        }
        for line in order.lines
    ]  # fmt: skip
    return {
        "id": f"gid://shopify/Order/{order.id}", "name": f"#{row['id']}", "note": None,
        "createdAt": _time(row["placed_at"]), "updatedAt": _time(row["updated_at"]),
        "cancelledAt": _time(row["updated_at"]) if status == "cancelled" else None,
        "displayFinancialStatus": {"pending_payment": "PENDING", "refunded": "REFUNDED"}.get(status, "PAID"),
        "displayFulfillmentStatus": "FULFILLED" if gone else "UNFULFILLED",
        "customer": {"id": f"gid://shopify/Customer/{order.customer}"},
        "shippingAddress": {"city": row["ship_city"], "country": row["ship_country"]},
        "totalPriceSet": _bag(row["total_minor"], row["currency"]),
        "fulfillments": [parcel] if gone else [],
        "lineItems": pages(lines),
    }  # fmt: skip


def pages(lines: list[dict[str, Any]]) -> Any:
    """The resolver of a connection over the lines."""

    def page(_: Any, *, first: int, after: str | None = None) -> dict[str, Any]:
        begin = int(after or 0)
        end = begin + first
        return {"nodes": lines[begin:end], "pageInfo": {"hasNextPage": len(lines) > end, "endCursor": str(end)}}

    return page


def _bag(minor: int, currency: str) -> dict[str, Any]:
    # Shopify leaves out zeros: "184.0".
    amount = f"{minor // 100}.{minor % 100:02d}".rstrip("0")
    money = {"amount": amount + "0" if amount.endswith(".") else amount, "currencyCode": currency}
    return {"presentmentMoney": money, "shopMoney": money}


def _time(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
