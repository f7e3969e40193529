"""Zendesk as its public documentation describes it: tokens, tickets, users, comments and search, as far as we ask.

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
    #: By ticket: its comments, oldest first. `people` are sideloaded with them.
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    people: list[dict[str, Any]] = field(default_factory=list)
    searched: list[str] = field(default_factory=list)
    page_size: int = 100
    first: int = field(default_factory=lambda: 35_436 + secrets.randbelow(10**9))

    def app(self) -> Starlette:
        """The account's API."""
        return Starlette(routes=[
            Route("/oauth/tokens", self._token, methods=["POST"]),
            Route("/api/v2/tickets.json", self._create, methods=["POST"]),
            Route("/api/v2/tickets.json", self._list, methods=["GET"]),
            Route("/api/v2/tickets/{number:int}.json", self._delete, methods=["DELETE"]),
            Route("/api/v2/users/create_or_update.json", self._user, methods=["POST"]),
            Route("/api/v2/search.json", self._search, methods=["GET"]),
            Route("/api/v2/tickets/{number:int}/comments.json", self._comments, methods=["GET"]),
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

    async def _delete(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        number = request.path_params["number"]
        if not any(one["id"] == number for one in self.tickets):
            return JSONResponse({"error": "RecordNotFound", "description": "Not found"}, 404)
        self.tickets = [one for one in self.tickets if one["id"] != number]
        return Response(status_code=204)

    async def _user(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        asked = (await request.json())["user"]
        known = [one for one in self.users if one["external_id"] == asked["external_id"]]
        if not known:
            known = [{"id": 9000 + len(self.users), "role": "end-user", **asked}]
            self.users.extend(known)
        return JSONResponse({"user": known[0]})

    def solve(self, subject: str, said: list[tuple[int, str, bool]], status: str = "solved") -> int:
        """A ticket with what was said: author, words, public. Returns its id."""
        number = self.first + len(self.tickets)
        self.tickets.append({"id": number, "status": status, "subject": subject, "external_id": None})
        self.comments[number] = [
            {"id": number * 100 + place, "type": "Comment", "author_id": author, "body": words, "plain_body": words,
             "public": public, "created_at": f"2026-03-01T09:{place:02}:00Z"}
            for place, (author, words, public) in enumerate(said)
        ]  # fmt: skip
        return number

    async def _search(self, request: Request) -> Response:
        """Every word must be in the subject or a comment; `status>=solved` is solved and closed."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        query = request.query_params["query"]
        self.searched.append(query)
        kind, status, *words = query.split()
        if (kind, status) != ("type:ticket", "status>=solved"):
            return JSONResponse({"error": "invalid", "description": "Invalid search"}, 422)
        found = [
            {**one, "result_type": "ticket"} for one in self.tickets
            if one["status"] in ("solved", "closed") and all(word in self._words_of(one) for word in words)
        ]  # fmt: skip
        return JSONResponse({"results": found, "facets": None, "next_page": None, "count": len(found)})

    def _words_of(self, ticket: dict[str, Any]) -> str:
        said = (one["body"] for one in self.comments.get(ticket["id"], []))
        return " ".join((ticket["subject"], *said)).lower()

    async def _comments(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        said = self.comments[request.path_params["number"]]
        if request.query_params.get("sort_order") == "desc":
            said = said[::-1]
        answer: dict[str, Any] = {"comments": said, "next_page": None, "count": len(said)}
        if request.query_params.get("include") == "users":
            answer["users"] = self.people
        return JSONResponse(answer)

    def _refusal(self, request: Request) -> Response | None:
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind == "Bearer" and key in self.valid:
            return None
        if (kind, key) == ("Basic", "Ym90QHNob3AuZXhhbXBsZS90b2tlbjp6ZW5kZXNrLWFwaS10b2tlbg=="):
            return None
        return JSONResponse({"error": "Couldn't authenticate you"}, 401)
