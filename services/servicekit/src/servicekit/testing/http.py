"""HTTP for tests: a scripted HttpPort, and a client that talks to an app whose lifespan runs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from fastapi import FastAPI

from servicekit.http.client import HttpResponse, HttpStream


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as the fake got it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout_s: float


@dataclass
class FakeHttp:
    """An HttpPort whose answers come from `respond`, which may raise HttpFailure. `sent` keeps what was asked."""

    respond: Callable[[Sent], Awaitable[HttpResponse]]
    sent: list[Sent] = field(default_factory=list)
    closed: bool = False

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float,
        max_bytes: int | None = None,
    ) -> HttpResponse:
        """See `HttpPort.request`."""
        sent = Sent(method, url, dict(headers or {}), body, timeout_s)
        self.sent.append(sent)
        return await self.respond(sent)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float,
        idle_timeout_s: float | None = None,
    ) -> AsyncIterator[HttpStream]:
        """See `HttpPort.stream`; the body comes in one piece."""
        response = await self.request(method, url, headers=headers, body=body, timeout_s=timeout_s)

        async def chunks() -> AsyncIterator[bytes]:
            yield response.body

        yield HttpStream(response.status, response.headers, chunks())

    async def close(self) -> None:
        """Remembers that it was closed."""
        self.closed = True


@asynccontextmanager
async def running(app: FastAPI, *, base_url: str = "http://service") -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls `app` in process, while its lifespan runs. Use a real server where streaming matters."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
            yield client
