"""The readers of many live streams, in a process of their own: `python -m turnbench.stream_readers PORT STREAMS`.

Prints `open` when all are open, and when all have ended how many events came, and how late, as one line of JSON.
"""

import asyncio
import re
import sys
from time import monotonic

import orjson
import uvloop

from turnbench.stream_server import turn_of

_DUE = re.compile(rb'"offset":(\d+)')
_OPENING_AT_ONCE = 64


class Reader(asyncio.Protocol):
    """One open stream. `late` gets the milliseconds between when an event was due and when it was here."""

    def __init__(self, late: list[float]) -> None:
        self._late = late
        self.begun, self.ended = asyncio.Event(), asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Bytes of the response, perhaps several events."""
        self.begun.set()
        now_us = monotonic() * 1_000_000
        self._late.extend((now_us - int(due)) / 1000 for due in _DUE.findall(data))
        if b"event: end" in data:
            self.ended.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The server has closed it."""
        self.begun.set()
        self.ended.set()


async def read(port: int, streams: int) -> None:
    """Opens all, tells so, reads to the end of each."""
    late: list[float] = []
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(_OPENING_AT_ONCE)

    async def opened(number: int) -> tuple[asyncio.Transport, Reader]:
        async with gate:
            transport, reader = await loop.create_connection(lambda: Reader(late), "127.0.0.1", port)
            transport.write(f"GET /stream?turn_id={turn_of(number)} HTTP/1.1\r\nhost: bench\r\n\r\n".encode())
            await reader.begun.wait()
            return transport, reader

    found = await asyncio.gather(*(opened(number) for number in range(streams)))
    print("open", flush=True)
    for _, reader in found:
        await reader.ended.wait()
    for transport, _ in found:
        transport.close()
    late.sort()
    print(orjson.dumps({"events": len(late), "late_ms": late[:: max(1, len(late) // 20_000)]}).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(read(int(sys.argv[1]), int(sys.argv[2])))
