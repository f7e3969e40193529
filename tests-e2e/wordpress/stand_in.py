"""A backend that answers as a test tells it: for what the real one cannot be brought to do."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def problem(status: int, code: str, detail: str = "") -> Response:
    """An error as the backend words it."""
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")


@dataclass
class StandIn:
    """`documents` is the knowledge base by URL, `pushes` every body; `refusals` are given before anything is taken.

    `unfit`: words; a push with a document that holds one of them is refused as a whole, as the front door does it.
    `ill`: words; a document with one of them is more than it can take. `meanwhile` happens once, while a push is
    under way.
    """

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    pushes: list[dict[str, Any]] = field(default_factory=list)
    refusals: deque[Response] = field(default_factory=deque)
    unfit: set[str] = field(default_factory=set)
    ill: set[str] = field(default_factory=set)
    meanwhile: Callable[[], Awaitable[object]] | None = None
    privacy: deque[Response] = field(default_factory=deque)
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def app(self) -> Starlette:
        """The routes that the plugin calls."""
        return Starlette(routes=[
            Route("/api/agent/knowledge/documents", self._take, methods=["POST"]),
            Route("/api/agent/privacy/{rest:path}", self._privacy, methods=["GET", "POST"]),
        ])  # fmt: skip

    async def _take(self, request: Request) -> Response:
        body = await request.json()
        self.pushes.append(body)
        if happening := self.meanwhile:
            self.meanwhile = None
            await happening()
        if self.refusals:
            return self.refusals.popleft()
        if any(word in document["body"] for document in body["documents"] for word in self.unfit):
            return problem(403, "forbidden", "The request looks like an attack and was not passed on.")
        if any(word in document["body"] for document in body["documents"] for word in self.ill):
            return problem(500, "internal", "Something went wrong.")
        for document in body["documents"]:
            self.documents[document["url"]] = document
        for url in body["remove"]:
            self.documents.pop(url, None)
        results = [{"url": one["url"], "action": "created", "chunks": 1, "detail": ""} for one in body["documents"]]
        return JSONResponse({"source": body["source"], "results": results, "searchable": True})

    async def _privacy(self, request: Request) -> Response:
        told = await request.json() if request.method == "POST" else None
        self.asked.append((request.url.path, told))
        return self.privacy.popleft()
