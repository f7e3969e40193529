"""Streams through the door: what an open one costs in memory, and whether each event comes by itself."""

import asyncio
from pathlib import Path
from typing import Any

from gateway.door import Door, open_door
from gateway.upstream import Upstream

from doorbench.processes import family, memory_mb
from onebox.front_door import Parts

ASK = b"GET /api/agent/stream HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\nuser-agent: bench\r\n\r\n"
EVENTS = 50


async def measure_streams(parts: Parts, state: Path, many: int) -> dict[str, Any]:
    """Memory of nginx in MB before and with `many` open streams; how many of the events came in a read of their own."""
    async with Upstream().running() as upstream, open_door(parts, state, upstream.port) as door:
        pids = family(door)
        alone = await _events_alone(door, upstream)
        before = memory_mb(pids)
        writers = [await _open(door) for _ in range(many)]
        during = memory_mb(pids)
        for _ in writers:
            await upstream.events.put(b"")
        for reader, writer in writers:
            await reader.readuntil(b"0\r\n\r\n")
            writer.close()
    each = round((during["pss"] - before["pss"]) * 1024 / many, 1)
    return {"open": many, "before_mb": before, "during_mb": during, "kb_each": each, "events": EVENTS,
            "events_alone": alone}  # fmt: skip


async def _open(door: Door) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(ASK)
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def _events_alone(door: Door, upstream: Upstream) -> int:
    reader, writer = await _open(door)
    alone = 0
    for number in range(EVENTS):
        event = b"id: %d\ndata: piece\n\n" % number
        await upstream.events.put(event)
        # The next is sent when this one was read: one that waits for company would never come.
        alone += await reader.read(65536) == b"%x\r\n%b\r\n" % (len(event), event)
    await upstream.events.put(b"")
    writer.close()
    return alone
