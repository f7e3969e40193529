"""Slack's `chat.postMessage` as its public documentation describes it: errors come as 200 with `ok: false`."""

from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "xoxb-made-up-bot-token"


@dataclass
class FakeSlack:
    """One workspace. `posts` is what was accepted; `errors` are given to the next calls, one each."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        """The Web API."""
        return Starlette(routes=[Route("/api/chat.postMessage", self._post, methods=["POST"])])

    async def _post(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"ok": False, "error": "invalid_auth"})
        if self.errors:
            return JSONResponse({"ok": False, "error": self.errors.pop(0)})
        self.posts.append(await request.json())
        return JSONResponse({"ok": True, "channel": "C1", "ts": f"1503435956.{len(self.posts):06}"})
