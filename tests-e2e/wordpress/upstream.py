"""A scripted backend behind the plugin: it remembers what reached it, says what it was told, and notices who leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from e2e.wire import Request, read_request
from servicekit.embedded import free_port

#: What the backend says about itself, and no browser is to learn.
_PRIVATE = b"server: upstream\r\nset-cookie: theirs=1\r\nx-secret: theirs\r\naccess-control-allow-origin: *\r\n"
_STREAM = b"content-type: text/event-stream\r\nx-aiguy-turn-id: turn_1\r\ntransfer-encoding: chunked\r\n\r\n"


@dataclass
class Upstream:
    """`events` are sent one by one to whoever asks for a stream, b"" ends it; `left` is set when its reader leaves.

    Anything else gets `status`, `kind` (the content type) and `body`; with another kind than JSON, everybody does.
    While it is `mute` nobody gets anything.
    """

    port: int = field(default_factory=free_port)
    seen: list[Request] = field(default_factory=list)
    events: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 200
    kind: str = "application/json"
    body: bytes = b"{}"
    mute: bool = False

    @property
    def url(self) -> str:
        """Its address for the plugin's settings."""
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Upstream"]:
        """Serves on its port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left.set()
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        self.seen.append(request)
        if self.mute:
            await self._until_gone(reader)
            raise ConnectionError("the reader left")
        if request.headers.get("accept") == "text/event-stream" and self.kind == "application/json":
            await self._stream(reader, writer)
            return
        told = f"HTTP/1.1 {self.status} Told\r\ncontent-type: {self.kind}\r\nretry-after: 7\r\nconnection: close\r\n"
        writer.write(told.encode() + _PRIVATE + b"content-length: %d\r\n\r\n%b" % (len(self.body), self.body))
        await writer.drain()

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + _PRIVATE + _STREAM)
        leaving = asyncio.create_task(self._until_gone(reader))
        try:
            while event := await self._next(leaving):
                writer.write(b"%x\r\n%b\r\n" % (len(event), event))
                await writer.drain()
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        finally:
            leaving.cancel()

    async def _next(self, leaving: asyncio.Task[None]) -> bytes:
        event = asyncio.create_task(self.events.get())
        await asyncio.wait({event, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            event.cancel()
            raise ConnectionError("the reader left")
        return event.result()

    @staticmethod
    async def _until_gone(reader: asyncio.StreamReader) -> None:
        try:
            await reader.read(1)
        except ConnectionError:
            return
