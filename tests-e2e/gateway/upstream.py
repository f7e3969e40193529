"""A tiny service behind the door: it remembers what reached it, and streams events when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from e2e.wire import Request, read_request
from servicekit.embedded import free_port

HEAD = b"HTTP/1.1 200 OK\r\nserver: upstream\r\nx-request-id: its-own\r\nx-content-type-options: nosniff\r\n"


@dataclass
class Upstream:
    """`answer` replaces the usual answer; `events` are sent one by one to whoever asks for a stream."""

    port: int = 0
    seen: list[Request] = field(default_factory=list)
    answer: bytes = b""
    events: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Upstream"]:
        """Serves on a free port."""
        self.port = free_port()
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        self.seen.append(request)
        if request.headers.get("accept") == "text/event-stream":
            await self._stream(writer)
            return
        body = b'{"reached":true}'
        usual = HEAD + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        writer.write(self.answer or usual)
        await writer.drain()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            event = await self.events.get()
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await writer.drain()
            if not event:
                return
