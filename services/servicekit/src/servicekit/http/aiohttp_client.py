"""The client of the hot paths: an order of magnitude less CPU per call than httpx under concurrency."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from servicekit.http.client import (
    CONNECT_TIMEOUT_S,
    MAX_BODY_BYTES,
    HttpFailure,
    HttpResponse,
    HttpStream,
)
from servicekit.http.pacing import paced
from servicekit.http.places import Places

_SEND_HEADERS = {"accept-encoding": "identity"}


class AiohttpClient:
    """At most `limit` requests at once, over kept connections; the session is made in the loop that first uses it."""

    def __init__(self, *, limit: int = 100, keepalive_s: float = 30.0) -> None:
        self._places = Places(limit)
        self._keepalive_s = keepalive_s
        self._session: aiohttp.ClientSession | None = None

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
        deadline = asyncio.get_running_loop().time() + timeout_s
        try:
            async with (
                self._places.one(deadline),
                asyncio.timeout_at(deadline),
                self._open().request(
                    method, url, headers=headers, data=body, allow_redirects=False, timeout=_timeouts(timeout_s)
                ) as response,
            ):
                content = bytearray()
                async for chunk in response.content.iter_any():
                    content += chunk
                    if len(content) > (max_bytes or MAX_BODY_BYTES):
                        response.close()
                        raise HttpFailure("protocol")
                return HttpResponse(response.status, _lower(response), bytes(content))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _failure(error) from None

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
        deadline = asyncio.get_running_loop().time() + timeout_s
        async with self._places.one(deadline):
            try:
                async with asyncio.timeout_at(deadline):
                    response = await self._open().request(
                        method, url, headers=headers, data=body, allow_redirects=False, timeout=_timeouts(timeout_s)
                    )
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise _failure(error) from None
            chunks = paced(response.content.iter_any(), deadline, idle_timeout_s, _failure)
            try:
                yield HttpStream(response.status, _lower(response), chunks)
            finally:
                await chunks.aclose()
                # At the end of the body the connection is already back in the pool, and this does nothing.
                response.close()

    async def close(self) -> None:
        """Closes all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                # Zero: as many as there are places.
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=self._keepalive_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=_SEND_HEADERS,
                skip_auto_headers=("User-Agent", "Content-Type"),
                auto_decompress=True,
                trust_env=False,
            )
        return self._session


def _timeouts(timeout_s: float) -> aiohttp.ClientTimeout:
    # The whole is held by asyncio.timeout; only the connection has a limit of its own.
    return aiohttp.ClientTimeout(total=None, sock_connect=min(timeout_s, CONNECT_TIMEOUT_S))


def _lower(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _failure(error: Exception) -> HttpFailure:
    if isinstance(error, aiohttp.ConnectionTimeoutError | aiohttp.ClientConnectorError | aiohttp.ClientSSLError):
        return HttpFailure("connect")
    if isinstance(error, TimeoutError):
        return HttpFailure("timeout")
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | OSError):
        return HttpFailure("reset")
    return HttpFailure("protocol")
