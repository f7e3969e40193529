"""HTTP to others: the port, its answers and its one exception. Two implementations: `aiohttp_client`, `httpx_client`.

HttpPort ── AiohttpClient  hot paths (LLM stream, tool calls)
         └─ HttpxClient    everywhere else
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

FailureKind = Literal["no_place", "connect", "timeout", "reset", "protocol"]
CONNECT_TIMEOUT_S = 2.0
MAX_BODY_BYTES = 8 * 1024 * 1024


class HttpFailure(Exception):
    """No usable answer came. `kind` says why; the text never quotes the other side.

    no_place, connect: nothing was sent, so any request may be sent again. timeout, reset, protocol: it may have been
    carried out. no_place: too many other requests of ours were under way; the other side is innocent.
    """

    def __init__(self, kind: FailureKind) -> None:
        super().__init__(f"HTTP request failed: {kind}")
        self.kind: FailureKind = kind


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpStream:
    """An answer whose body comes in pieces. Iterating may raise HttpFailure; a body cut short always does."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class HttpPort(Protocol):
    """A pooled client. No cookies, no redirects; proxies of the environment are not used."""

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
        """One request and its whole answer within `timeout_s` seconds. Raises HttpFailure.

        A body over `max_bytes` (8 MiB by default) is not read to its end: HttpFailure("protocol").
        """
        ...

    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float,
        idle_timeout_s: float | None = None,
    ) -> AbstractAsyncContextManager[HttpStream]:
        """One request whose answer is read in pieces: `timeout_s` for the whole, `idle_timeout_s` between two pieces.

        Leaving the `async with` before the end closes the connection, so the other side stops. Raises HttpFailure.
        """
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...
