"""One look at a running stack: is each service ready, and what do the services say of themselves?"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from onebox.numbers import Line, main_numbers
from onebox.ports import DOOR_NUMBERS, GATEWAY

_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Service:
    """A service at its address. `detail`: what it looked at, or why it is not ready."""

    name: str
    url: str
    ready: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen. A service that did not answer has given no number: its lines show a dash."""

    services: tuple[Service, ...]
    lines: tuple[Line, ...]

    @property
    def ready(self) -> bool:
        """Whether there is anything, and all of it is ready."""
        return bool(self.services) and all(one.ready for one in self.services)


async def look(state: Mapping[str, Any]) -> Look:
    """Asks everything at once; `state` is what the running stack has written down (`Home.read_running`)."""
    urls: Mapping[str, str] = state["urls"]
    asked = {name: f"{url}/readyz" for name, url in urls.items()}
    if front_door := state.get(GATEWAY):
        asked[GATEWAY] = f"{front_door}/livez"
    counted = {**urls, **({GATEWAY: numbers} if (numbers := state.get(DOOR_NUMBERS)) else {})}
    async with httpx.AsyncClient(timeout=_PATIENCE_S) as client:
        services, texts = await asyncio.gather(
            asyncio.gather(*(_ready(client, name, url) for name, url in asked.items())),
            asyncio.gather(*(_metrics(client, url) for url in counted.values())),
        )
    return Look(tuple(services), tuple(main_numbers(dict(zip(counted, texts, strict=True)))))


async def _ready(client: httpx.AsyncClient, name: str, url: str) -> Service:
    base = url.rpartition("/")[0]
    try:
        answer = await client.get(url)
        body = answer.json()
    except (httpx.TransportError, ValueError) as error:
        return Service(name, base, False, type(error).__name__)
    if answer.status_code == httpx.codes.OK:
        return Service(name, base, True, ", ".join(str(check) for check in body.get("checks", {})))
    return Service(name, base, False, str(body.get("detail") or body.get("title", "")))


async def _metrics(client: httpx.AsyncClient, url: str) -> str:
    try:
        answer = await client.get(f"{url}/metrics")
    except httpx.TransportError:
        return ""
    return answer.text if answer.status_code == httpx.codes.OK else ""
