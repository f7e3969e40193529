"""Somebody else's server with faults on demand: wraps an ASGI app that speaks their wire format.

`faults.next(Fault.status(429, {"retry-after": "7"}))` spoils the next request; `hang_after` carries it out first.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: What an upstream may say in an error; none of it may reach our callers.
UPSTREAM_SECRET = "upstream-internals-7f3a"  # noqa: S105 - made up
_HANG_S = 30.0


@dataclass(frozen=True, slots=True)
class Fault:
    """How one request goes wrong: `runs` whether it is carried out, `hangs` whether the answer ever comes."""

    code: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    runs: bool = False
    hangs: bool = False

    @classmethod
    def status(cls, code: int, headers: Mapping[str, str] | None = None) -> "Fault":
        """An error of theirs, with words that are none of our customers' business."""
        body = f'{{"error": "{UPSTREAM_SECRET}", "message": "{UPSTREAM_SECRET}"}}'.encode()
        return cls(code, {"content-type": "application/json", **(headers or {})}, body)

    @classmethod
    def garbage(cls) -> "Fault":
        """A 200 that is no JSON."""
        return cls(200, {"content-type": "application/json"}, f'{{"id": <{UPSTREAM_SECRET}'.encode())

    @classmethod
    def hang_before(cls) -> "Fault":
        """Nothing is done and nothing comes back."""
        return cls(hangs=True)

    @classmethod
    def hang_after(cls) -> "Fault":
        """It is done, and nothing comes back."""
        return cls(runs=True, hangs=True)


class Faults:
    """The ASGI app with its faults; `seen` counts requests by "METHOD /path"."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._planned: deque[Fault] = deque()
        self.seen: list[str] = []

    def next(self, *faults: Fault) -> None:
        """Spoil the next requests, one after the other."""
        self._planned.extend(faults)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self.seen.append(f"{scope['method']} {scope['path']}")
        fault = self._planned.popleft() if self._planned else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        if fault.runs:
            await self._app(scope, receive, _nowhere)
        if fault.hangs:
            await _until_gone(receive)
            return
        headers = [(name.encode(), value.encode()) for name, value in fault.headers.items()]
        await send({"type": "http.response.start", "status": fault.code, "headers": headers})
        await send({"type": "http.response.body", "body": fault.body})


async def _nowhere(_: Message) -> None:
    """The answer that nobody gets."""


async def _until_gone(receive: Receive) -> None:
    """Wait for the client to give up."""
    async with asyncio.timeout(_HANG_S):
        while (await receive())["type"] != "http.disconnect":
            continue
