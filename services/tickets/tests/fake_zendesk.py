"""Zendesk as its public documentation describes it: tokens, tickets and users, as far as the tickets service asks.

Idempotency-Key: the first ticket again for the same body, 400 `IdempotentRequestError` for another one.
"""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "aiguy_support", "zendesk-client-secret"
EMAIL, API_TOKEN = "bot@shop.example", "zendesk-api-token"
#: Settings that make a shop with OAuth into one of the old sort.
BY_API_TOKEN = {
    "zendesk_client_id": "", "zendesk_client_secret": "", "zendesk_email": EMAIL, "zendesk_api_token": API_TOKEN,
}  # fmt: skip


@dataclass
class FakeZendesk:
    """One account. `tickets` and `users` are as they would be shown; `valid` are the tokens that still work."""

    tickets: list[dict[str, Any]] = field(default_factory=list)
    users: list[dict[str, Any]] = field(default_factory=list)
    valid: set[str] = field(default_factory=set)
    keys: dict[str, tuple[bytes, dict[str, Any]]] = field(default_factory=dict)
    asked_for_tokens: list[dict[str, Any]] = field(default_factory=list)
    expires_in: int | None = 1800
    ignores_filter: bool = False
    page_size: int = 100
    first: int = field(default_factory=lambda: 35_436 + secrets.randbelow(10**9))

    def app(self) -> Starlette:
        """The account's API."""
        return Starlette(routes=[
            Route("/oauth/tokens", self._token, methods=["POST"]),
            Route("/api/v2/tickets.json", self._create, methods=["POST"]),
            Route("/api/v2/tickets.json", self._list, methods=["GET"]),
            Route("/api/v2/users/create_or_update.json", self._user, methods=["POST"]),
        ])  # fmt: skip

    async def _token(self, request: Request) -> Response:
        asked = await request.json()
        self.asked_for_tokens.append(asked)
        if (asked["grant_type"], asked["client_id"], asked["client_secret"]) != ("client_credentials", CLIENT, SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        token = secrets.token_hex(16)
        self.valid.add(token)
        given = {"access_token": token, "token_type": "bearer", "scope": asked["scope"], "expires_in": self.expires_in}
        return JSONResponse(given)

    async def _create(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        raw, key = await request.body(), request.headers["idempotency-key"]
        if key in self.keys:
            body, ticket = self.keys[key]
            if body != raw:
                return JSONResponse({"error": "IdempotentRequestError", "description": "parameters don't match"}, 400)
            return JSONResponse({"ticket": ticket}, 201, {"x-idempotency-lookup": "hit"})
        ticket = {"id": self.first + len(self.tickets), "status": "new", **json.loads(raw)["ticket"]}
        self.tickets.append(ticket)
        self.keys[key] = (raw, ticket)
        return JSONResponse({"ticket": ticket}, 201, {"x-idempotency-lookup": "miss"})

    async def _list(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        wanted = request.query_params["external_id"]
        found = [one for one in self.tickets if self.ignores_filter or one["external_id"] == wanted]
        start = (int(request.query_params.get("page", "1")) - 1) * self.page_size
        end = start + self.page_size
        more = f"{request.url}&next" if end < len(found) else None
        return JSONResponse({"tickets": found[start:end], "count": len(found), "next_page": more})

    async def _user(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        asked = (await request.json())["user"]
        known = [one for one in self.users if one["external_id"] == asked["external_id"]]
        if not known:
            known = [{"id": 9000 + len(self.users), "role": "end-user", **asked}]
            self.users.extend(known)
        return JSONResponse({"user": known[0]})

    def _refusal(self, request: Request) -> Response | None:
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind == "Bearer" and key in self.valid:
            return None
        if (kind, key) == ("Basic", "Ym90QHNob3AuZXhhbXBsZS90b2tlbjp6ZW5kZXNrLWFwaS10b2tlbg=="):
            return None
        return JSONResponse({"error": "Couldn't authenticate you"}, 401)
