"""How many customers' messages the door refuses: ours, and those of the files that AIGUY_REAL_MESSAGES names."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from gateway.door import Door, open_door
from gateway.messages import messages, read_messages

from doorbench.cost import quick_service
from onebox.front_door import Parts

CONNECTIONS = 4


async def count_refused(parts: Parts, state: Path, many: int) -> dict[str, dict[str, Any]]:
    """By source: how many were sent, how many were refused, and the first of those."""
    sources = {"ours": messages(many)}
    for path in filter(None, os.environ.get("AIGUY_REAL_MESSAGES", "").split(os.pathsep)):
        sources[Path(path).name] = list(read_messages(Path(path)))
    async with quick_service(parts, state / "service") as port, open_door(parts, state / "door", port) as door:
        found = {name: await _refused(door, written) for name, written in sources.items()}
    return {
        name: {"sent": len(sources[name]), "refused": len(refused), "first": refused[:20]}
        for name, refused in found.items()
    }


async def _refused(door: Door, written: Sequence[str]) -> list[str]:
    refused: list[str] = []

    async def send(share: Sequence[str]) -> None:
        async with door.client() as client:
            for one in share:
                answer = await client.post("/chat", json={"session_id": "web-12345678", "message": one})
                if answer.status_code != httpx.codes.OK:
                    refused.append(one)

    await asyncio.gather(*(send(written[start::CONNECTIONS]) for start in range(CONNECTIONS)))
    return refused
