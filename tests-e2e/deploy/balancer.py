"""What stands for a Service, or for the weights of a route: TCP connections, each to one of those behind it.

As with a Service, only who connects anew is sent elsewhere: connections that are open stay where they are.
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress

from servicekit.embedded.ports import LOOPBACK

_CHUNK = 64 * 1024


class Balancer:
    """Listens on 127.0.0.1; `behind` says which port gets how large a share of the new connections."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.behind: dict[int, int] = {}
        #: Connections that each port was given.
        self.given: Counter[int] = Counter()
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; who comes before anything is behind it, is refused."""
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port)

    async def stop(self) -> None:
        """Close the listener and all that is open."""
        if self._server is not None:
            self._server.close()
        for link in tuple(self._links):
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        try:
            await self._link(reader, writer)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._links.discard(task)
            writer.close()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shares = {port: share for port, share in self.behind.items() if share}
        if not shares:
            raise ConnectionRefusedError
        (port,) = random.choices(list(shares), list(shares.values()))
        self.given[port] += 1
        inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, port)
        ways = [asyncio.create_task(_pass(reader, inner_writer)), asyncio.create_task(_pass(inner_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            inner_writer.close()
            with suppress(OSError):
                await writer.drain()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):  # either end may go; the other is closed then
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
