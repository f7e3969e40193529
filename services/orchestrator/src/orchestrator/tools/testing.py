"""A tool service for tests: a real server on loopback with a manifest, stored answers, and faults on demand.

It speaks just enough HTTP/1.1 by itself, because a web framework would not let it misbehave.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from contracts.errors import PROBLEM_MEDIA_TYPE, ProblemCode, problem
from contracts.manifest import MANIFEST_PATH, entry_from_contract
from contracts.registry import AnyContract


class Fault(StrEnum):
    """How one request goes wrong. AFTER: the effect happens and is stored, the answer does not arrive. OLDER: a replica
    of the release before is met, and ends the connection.
    """

    RESET = "reset"
    HANG = "hang"
    SLOW_CLOSE = "slow_close"
    CUT = "cut"
    ERROR_500 = "error_500"
    GARBAGE = "garbage"
    WRONG_SHAPE = "wrong_shape"
    HUGE = "huge"
    BUSY_429 = "busy_429"
    OLDER = "older"
    HANG_AFTER = "hang_after"


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def arguments(self) -> dict[str, Any]:
        """The JSON body."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


@dataclass
class FakeToolService:
    """One family's service. `faults` are used up one per tool request; `always` is for every request. `later`: it takes
    calls with 202.
    """

    family: str
    entries: list[dict[str, Any]]
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    always: Fault | None = None
    problem: ProblemCode | None = None
    later: bool = False
    retry_after_s: int | None = None
    delay_s: float = 0.0
    received: list[Received] = field(default_factory=list)
    effects: int = 0
    url: str = ""
    port: int = 0
    _stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None

    @classmethod
    def of(cls, family: str, contracts: Iterable[AnyContract], outputs: dict[str, dict[str, Any]]) -> "FakeToolService":
        """A service of that family that serves these contracts."""
        entries = [entry_from_contract(contract).model_dump(mode="json") for contract in contracts]
        return cls(family, entries, outputs)

    @property
    def calls(self) -> list[Received]:
        """The requests to tools, without the reads of the manifest."""
        return [one for one in self.received if one.path != MANIFEST_PATH]

    async def start(self) -> None:
        """Listens; a service that was stopped comes back on its old port."""
        self._closing.clear()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        """Closes the port and every open connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._closing.set()
        for writer in list(self._open):
            writer.transport.abort()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeToolService"]:
        """Started for the length of the `async with`."""
        await self.start()
        try:
            yield self
        finally:
            await self.stop()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while (received := await _read_request(reader)) is not None:
                self.received.append(received)
                if not await self._answer(received, writer):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, received: Received, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection lives on."""
        if received.path == MANIFEST_PATH:
            manifest = {"service": self.family, "version": "0.1.0", "tools": self.entries}
            return await _send(writer, 200, json.dumps(manifest).encode())
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        fault = self.always or (self.faults.popleft() if self.faults else None)
        if fault is not None:
            return await self._misbehave(fault, received, writer)
        if self.problem is not None:
            return await self._send_problem(writer, self.problem)
        return await _send(writer, 202 if self.later else 200, json.dumps(self._run(received)).encode())

    def _run(self, received: Received) -> dict[str, Any]:
        """The answer; a key that was seen before gets the stored one and has no second effect."""
        key = received.headers.get("idempotency-key")
        if key is not None and key in self._stored:
            return self._stored[key]
        output = self.outputs[received.path.removeprefix("/tools/")]
        if key is not None:
            self.effects += 1
            self._stored[key] = output
        return output

    async def _misbehave(self, fault: Fault, received: Received, writer: asyncio.StreamWriter) -> bool:
        match fault:
            case Fault.RESET:
                writer.transport.abort()
                return False
            case Fault.HANG:
                await self._closing.wait()
            case Fault.HANG_AFTER:
                self._run(received)
                await self._closing.wait()
            case Fault.SLOW_CLOSE:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{")
                await writer.drain()
                await self._closing.wait()
            case Fault.CUT:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{")
                await writer.drain()
                return False
            case Fault.ERROR_500:
                return await _send(writer, 500, b"Traceback: secret stack", "text/plain")
            case Fault.GARBAGE:
                return await _send(writer, 200, b"<html>hello</html>", "text/html")
            case Fault.WRONG_SHAPE:
                return await _send(writer, 200, b'{"status":"lost in space"}')
            case Fault.HUGE:
                return await _send(writer, 200, b'{"x":"' + b"x" * 300_000 + b'"}')
            case Fault.BUSY_429:
                return await self._send_problem(writer, ProblemCode.RATE_LIMITED)
            case Fault.OLDER:
                await self._send_problem(writer, ProblemCode.CONTRACT_VERSION)
        return False

    async def _send_problem(self, writer: asyncio.StreamWriter, code: ProblemCode) -> bool:
        body = problem(code, "internal words of the service", retry_after_s=self.retry_after_s)
        extra = {} if self.retry_after_s is None else {"retry-after": str(self.retry_after_s)}
        return await _send(writer, body.status, body.model_dump_json().encode(), PROBLEM_MEDIA_TYPE, extra)


async def _read_request(reader: asyncio.StreamReader) -> Received | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(first.split(" ")[1], headers, body)


async def _send(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes,
    kind: str = "application/json",
    extra: Mapping[str, str] | None = None,
) -> bool:
    lines = [f"HTTP/1.1 {status} X", f"content-type: {kind}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (extra or {}).items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    await writer.drain()
    return True
