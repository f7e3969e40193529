"""The default client, for everything that is not a hot path: shops, payment providers, ticket systems, keys of a site.

Each call is a span of its own: the last hop of a trace, and no header of it tells others of the trace.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx

from servicekit.http.client import (
    CONNECT_TIMEOUT_S,
    MAX_BODY_BYTES,
    HttpFailure,
    HttpResponse,
    HttpStream,
)
from servicekit.http.pacing import paced
from servicekit.http.places import Places
from servicekit.telemetry.tracing import remote_call


class HttpxClient:
    """At most `limit` requests at once, over kept connections. `transport` replaces the network (an app in tests)."""

    def __init__(self, *, limit: int = 100, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._limit, self._places = limit, Places(limit)
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

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
        content = bytearray()
        async with self.stream(method, url, headers=headers, body=body, timeout_s=timeout_s) as response:
            async for chunk in response.chunks:
                content += chunk
                if len(content) > (max_bytes or MAX_BODY_BYTES):
                    raise HttpFailure("protocol")
            return HttpResponse(response.status, response.headers, bytes(content))

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
        """See `HttpPort.stream`."""
        with remote_call(method, url) as answered:
            async with self._sent(method, url, headers, body, timeout_s, idle_timeout_s) as response:
                answered(response.status)
                yield response

    @asynccontextmanager
    async def _sent(
        self, method: str, url: str, headers: Mapping[str, str] | None, body: bytes | None, timeout_s: float,
        idle_timeout_s: float | None,
    ) -> AsyncIterator[HttpStream]:  # fmt: skip
        deadline = asyncio.get_running_loop().time() + timeout_s
        async with self._places.one(deadline):
            client = self._open()
            try:
                async with asyncio.timeout_at(deadline):
                    request = client.build_request(method, url, headers=dict(headers or {}), content=body)
                    response = await client.send(request, stream=True)
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, ValueError) as error:
                raise _failure(error) from None
            chunks = paced(response.aiter_bytes(), deadline, idle_timeout_s, _failure)
            headers = {name.lower(): value for name, value in response.headers.items()}
            try:
                yield HttpStream(response.status_code, headers, chunks)
            finally:
                await chunks.aclose()
                await response.aclose()

    async def close(self) -> None:
        """Closes all connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                transport=self._transport,
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=self._limit),
                timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
                follow_redirects=False,
                trust_env=False,
                headers={"accept-encoding": "identity"},
            )
        # A jar cannot be switched off; an emptied one keeps nothing from one call to the next.
        self._client.cookies.clear()
        return self._client


def _failure(error: Exception) -> HttpFailure:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return HttpFailure("connect")
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return HttpFailure("timeout")
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError | OSError):
        return HttpFailure("reset")
    return HttpFailure("protocol")
