"""Stripe's refunds as its public documentation has them: form encoding, its error shape, pages, idempotency keys.

A key belongs to the parameters that it was first used with (400 `idempotency_error` otherwise), is busy while its first
request runs (409), then gives that request's answer again, errors included, until `forget_keys` (Stripe: a day).
"""

import asyncio
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from servicekit.testing.faulty import UPSTREAM_SECRET

KEY = "rk_test_4eC39HqLyjWDarjtT1zdp7dc"
READ_ONLY_KEY = "rk_test_may_only_read"
#: The SDK and the account are in this version; another one is an error here, so that it is seen.
VERSION = "2026-10-28.endive"
_BUSY: tuple[int, dict[str, Any]] = (0, {})


@dataclass
class FakeStripe:
    """The account: `charges` by id, `refunds` oldest first, and what was asked (method, path, headers, fields)."""

    charges: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, Mapping[str, str], dict[str, str]]] = field(default_factory=list)
    #: Orders wait here before they are carried out.
    gate: threading.Event = field(default_factory=threading.Event)
    status: str = "succeeded"
    _keys: dict[str, tuple[dict[str, str], tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    _planned: list[tuple[int, dict[str, Any], dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    def app(self) -> Starlette:
        """The API as an ASGI app."""
        return Starlette(routes=[
            Route("/v1/refunds", self._create, methods=["POST"]),
            Route("/v1/refunds", self._list, methods=["GET"]),
        ])  # fmt: skip

    def charge(self, amount: int, currency: str = "usd") -> str:
        """A new captured charge."""
        charge = f"ch_{len(self.charges) + 1:024d}"
        self.charges[charge] = {"amount": amount, "currency": currency, "payment_intent": f"pi_{charge[3:]}"}
        return charge

    def refunded(self, charge: str) -> list[int]:
        """What was given back of a charge."""
        return [one["amount"] for one in self.refunds if one["charge"] == charge and one["status"] != "failed"]

    def next_order(self, status: int, error: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        """The next order is answered with this error, in Stripe's shape and with words of Stripe's in it."""
        self._planned.append((status, {"message": UPSTREAM_SECRET, **error}, headers or {}))

    def forget_keys(self) -> None:
        """A day goes by."""
        self._keys.clear()

    @property
    def orders(self) -> int:
        """How many orders reached us."""
        return sum(method == "POST" for method, *_ in self.asked)

    async def _create(self, request: Request) -> Response:
        fields = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        self.asked.append(("POST", request.url.path, dict(request.headers), fields))
        if (refused := self._door(request, write=True)) is not None:
            return refused
        if self._planned:
            status, error, headers = self._planned.pop(0)
            return JSONResponse({"error": error}, status, headers)
        key = request.headers["idempotency-key"]
        if key in self._keys:
            first, answer = self._keys[key]
            if first != fields:
                return _error(400, "idempotency_error")
            if answer is _BUSY:
                return _error(409, "idempotency_error", "idempotency_key_in_use")
            return JSONResponse(answer[1], answer[0], {"idempotent-replayed": "true"})
        self._keys[key] = (fields, _BUSY)
        await asyncio.to_thread(self.gate.wait, 10)
        answer = self._carry_out(fields)
        self._keys[key] = (fields, answer)
        return JSONResponse(answer[1], answer[0])

    def _carry_out(self, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        charge = self._charge_of(fields)
        if charge is None:
            param = "charge" if "charge" in fields else "payment_intent"
            return 404, _body("invalid_request_error", "resource_missing", param)
        left = self.charges[charge]["amount"] - sum(self.refunded(charge))
        amount = int(fields.get("amount", left))
        if left == 0:
            return 400, _body("invalid_request_error", "charge_already_refunded")
        if amount > left:
            return 400, _body("invalid_request_error", param="amount")
        found = {
            "id": f"re_{len(self.refunds) + 1:024d}", "object": "refund", "amount": amount, "charge": charge,
            "currency": self.charges[charge]["currency"], "created": int(time.time()),
            "metadata": {name[9:-1]: value for name, value in fields.items() if name.startswith("metadata[")},
            "payment_intent": self.charges[charge]["payment_intent"], "reason": None, "status": self.status,
        }  # fmt: skip
        self.refunds.append(found)
        return 200, found

    async def _list(self, request: Request) -> Response:
        query = dict(request.query_params)
        self.asked.append(("GET", request.url.path, dict(request.headers), query))
        if (refused := self._door(request, write=False)) is not None:
            return refused
        if "created[gte]" in query:
            found = [one for one in reversed(self.refunds) if one["created"] >= int(query["created[gte]"])]
        else:
            charge = self._charge_of(query)
            if charge is None:
                return JSONResponse(_body("invalid_request_error", "resource_missing", "charge"), 404)
            found = [one for one in reversed(self.refunds) if one["charge"] == charge]
        if "starting_after" in query:
            found = found[[one["id"] for one in found].index(query["starting_after"]) + 1 :]
        limit = int(query.get("limit", 10))
        page = {"object": "list", "url": "/v1/refunds", "has_more": len(found) > limit, "data": found[:limit]}
        return JSONResponse(page)

    def _charge_of(self, fields: Mapping[str, str]) -> str | None:
        for charge, values in self.charges.items():
            if fields.get("charge") == charge or fields.get("payment_intent") == values["payment_intent"]:
                return charge
        return None

    def _door(self, request: Request, *, write: bool) -> Response | None:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if key not in {KEY, READ_ONLY_KEY}:
            return _error(401, "invalid_request_error")
        if write and key == READ_ONLY_KEY:
            return _error(403, "invalid_request_error", "more_permissions_required")
        if request.headers.get("stripe-version") != VERSION:
            return _error(400, "invalid_request_error", "version_not_pinned")
        return None


def _body(type_: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    error = {"type": type_, "code": code, "param": param, "message": f"No words of ours: {UPSTREAM_SECRET}"}
    return {"error": {name: value for name, value in error.items() if value is not None}}


def _error(status: int, type_: str, code: str | None = None) -> Response:
    return JSONResponse(_body(type_, code), status)
