"""A TCP proxy between two processes that can delay, hold, cut or replace what passes: for the demo and for tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

Mode = Literal["pass", "delay", "hang", "reset", "cut", "replace"]
CHUNK = 64 * 1024
#: When bytes of an answer arrived (loop time) and which; without any, the answer is over.
Piece = tuple[float, bytes]
#: So many wait for their time at most.
PIECES = 16
_END_OF_HEAD = b"\r\n\r\n"


class FaultProxy:
    """Listens on 127.0.0.1 and forwards to `upstream_port`. `mode` may be changed at any moment."""

    def __init__(self, upstream_port: int, upstream_host: str = "127.0.0.1") -> None:
        self._upstream = (upstream_host, upstream_port)
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._mode: Mode = "pass"
        self._delay_s = 0.0
        self._instead = b""
        self.port = 0
        self.connections = 0

    async def start(self, port: int = 0) -> None:
        """Listen on `port`, 0 = a free one; see `port`."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the listener and every link."""
        if self._server is not None:
            self._server.close()
        for link in tuple(self._links):
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def passing(self) -> None:
        """Forward at once."""
        self._set("pass", 0.0)

    def delay(self, seconds: float) -> None:
        """Each piece that comes from the upstream arrives `seconds` later: two pieces are as late as one."""
        self._set("delay", seconds)

    def hang(self) -> None:
        """Forward requests, never an answer, until the mode changes."""
        self._set("hang", 0.0)

    def reset(self) -> None:
        """Cut every link, and each new one at its first answer."""
        self._set("reset", 0.0)
        for link in tuple(self._links):
            link.cancel()

    def cut(self) -> None:
        """Let the head of each answer pass and half of its body, then close the connection."""
        self._set("cut", 0.0)

    def replace(self, answer: bytes) -> None:
        """Forward requests, and give these bytes in place of each answer; then close the connection."""
        self._instead = answer
        self._set("replace", 0.0)

    @asynccontextmanager
    async def delayed(self, seconds: float) -> AsyncIterator[None]:
        """Delay inside the block, forward again after it."""
        self.delay(seconds)
        try:
            yield
        finally:
            self.passing()

    def _set(self, mode: Mode, delay_s: float) -> None:
        self._mode, self._delay_s = mode, delay_s
        self._changed.set()
        self._changed = asyncio.Event()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._links.add(task)
        self.connections += 1
        try:
            await self._link(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._links.discard(task)
            writer.close()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
        requests = asyncio.create_task(_pump(reader, upstream_writer))
        pieces: asyncio.Queue[Piece] = asyncio.Queue(PIECES)
        arrivals = asyncio.create_task(_arrive(upstream_reader, pieces))
        answers = asyncio.create_task(self._answers(pieces, writer))
        try:
            await asyncio.wait((requests, answers), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (requests, arrivals, answers):
                task.cancel()
            await asyncio.gather(requests, arrivals, answers, return_exceptions=True)
            upstream_writer.close()
        if self._mode == "reset":
            raise ConnectionResetError

    async def _answers(self, pieces: asyncio.Queue[Piece], writer: asyncio.StreamWriter) -> None:
        while True:
            arrived_at, data = await pieces.get()
            if not data:
                return
            await self._wait_for_permission(arrived_at)
            if self._mode == "reset":
                return
            passing = self._spoiled(data)
            writer.write(passing)
            await writer.drain()
            if self._mode == "replace" or len(passing) < len(data):
                return

    def _spoiled(self, data: bytes) -> bytes:
        """What passes of a piece of an answer, or passes in its place."""
        if self._mode == "replace":
            return self._instead
        if self._mode != "cut":
            return data
        end = data.find(_END_OF_HEAD)
        body = 0 if end < 0 else end + len(_END_OF_HEAD)
        return data if body == len(data) else data[: (body + len(data)) // 2]

    async def _wait_for_permission(self, arrived_at: float) -> None:
        """Returns when data that arrived then may pass (or must be cut) under the mode of that moment."""
        while self._mode in ("delay", "hang"):
            changed = self._changed
            due = arrived_at + self._delay_s if self._mode == "delay" else None
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await changed.wait()
                continue
            return


async def _arrive(reader: asyncio.StreamReader, pieces: asyncio.Queue[Piece]) -> None:
    loop = asyncio.get_running_loop()
    data = b"."
    while data:
        data = await reader.read(CHUNK)
        await pieces.put((loop.time(), data))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
