"""A site that takes Standard Webhooks: it checks each signature by its own reading of the standard."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

SECRET = "whsec_" + base64.b64encode(b"made-up-and-long-enough-for-it").decode()
_TOLERANCE_S = 300


@dataclass(frozen=True, slots=True)
class Taken:
    """One delivery that was accepted."""

    id: str
    timestamp: int
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class FakeSite:
    """`taken` is what came in; `refused` counts what was not signed right. `now` is its clock, in Unix seconds."""

    now: float
    taken: list[Taken] = field(default_factory=list)
    refused: int = 0

    def app(self) -> Starlette:
        """Its one address."""
        return Starlette(routes=[Route("/webhooks", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        name, at, given = (request.headers.get(f"webhook-{one}", "") for one in ("id", "timestamp", "signature"))
        body = await request.body()
        key = base64.b64decode(SECRET.split("_", 1)[1])
        wanted = base64.b64encode(hmac.digest(key, b".".join((name.encode(), at.encode(), body)), hashlib.sha256))
        signed = any(one == f"v1,{wanted.decode()}" for one in given.split(" "))
        if not signed or abs(self.now - int(at)) > _TOLERANCE_S:
            self.refused += 1
            return Response(status_code=401)
        self.taken.append(Taken(name, int(at), dict(request.headers), json.loads(body)))
        return PlainTextResponse("ok")
