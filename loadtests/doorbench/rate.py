"""Whether the rate limit holds over a minute, for a client that asks as fast as it can under forged addresses."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
from gateway.door import open_door

from doorbench.cost import quick_service
from onebox.front_door import Parts

RATE, BURST, CLIENTS = 20, 40, 4


async def measure_rate(parts: Parts, state: Path, seconds: int) -> dict[str, Any]:
    """How many requests passed in `seconds`, how many may, and the difference in percent."""
    limits = {"AIGUY_GATEWAY_RATE": f"{RATE}r/s", "AIGUY_GATEWAY_BURST": str(BURST)}
    async with (
        quick_service(parts, state / "service") as port,
        open_door(parts, state / "door", port, **limits) as door,
    ):
        began = time.monotonic()
        passed = refused = 0

        async def ask(number: int) -> None:
            nonlocal passed, refused
            async with door.client() as client:
                while time.monotonic() < began + seconds:
                    forged = {"x-forwarded-for": f"203.0.113.{(passed + refused) % 250}, 198.51.100.{number}"}
                    answer = await client.get("/openapi.json", headers=forged)
                    passed += answer.status_code == httpx.codes.OK
                    refused += answer.status_code == httpx.codes.TOO_MANY_REQUESTS

        await asyncio.gather(*(ask(number) for number in range(CLIENTS)))
        allowed = RATE * (time.monotonic() - began) + BURST
    return {
        "seconds": seconds, "passed": passed, "refused": refused, "allowed": round(allowed),
        "off_percent": round(100 * (passed - allowed) / allowed, 2),
    }  # fmt: skip
