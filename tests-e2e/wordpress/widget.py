"""The chat widget's side of the plugin's routes: a session, and calls with its headers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from .site import Site


@dataclass(slots=True)
class Widget:
    """A visitor's browser with an open session: `client` has their cookies."""

    client: httpx.AsyncClient
    session: dict[str, Any]

    @property
    def proof(self) -> dict[str, str]:
        """The headers that go with every call."""
        return dict(self.session["headers"])

    async def post(self, route: str, body: Any, **headers: str) -> httpx.Response:
        """A call of one of the session's routes."""
        return await self.client.post(self.session["routes"][route], json=body, headers={**self.proof, **headers})

    async def get(self, route: str, **query: str) -> httpx.Response:
        """The same for reading."""
        url = self.session["routes"][route]
        for name, value in query.items():
            if f"{{{name}}}" in url:
                url = url.replace(f"{{{name}}}", value)
            else:
                url += f"{'&' if '?' in url else '?'}{name}={value}"
        return await self.client.get(url, headers=self.proof)

    @asynccontextmanager
    async def streamed(self, message: str, session_id: str = "web-0123456789") -> AsyncIterator[httpx.Response]:
        """A message whose answer comes as a stream."""
        headers = {**self.proof, "accept": "text/event-stream", "idempotency-key": "key-1"}
        body = {"session_id": session_id, "message": message}
        async with self.client.stream("POST", self.session["routes"]["chat"], json=body, headers=headers) as answer:
            yield answer


async def opened(client: httpx.AsyncClient, site: Site) -> Widget:
    """The session of whoever has this client's cookies."""
    answer = await client.post(site.rest("/session"), json={"lang": "en"})
    assert answer.status_code == 200, answer.text
    return Widget(client, answer.json())


@asynccontextmanager
async def visiting(site: Site, login: str = "") -> AsyncIterator[Widget]:
    """A guest, or somebody who is signed in, with the chat open."""
    async with site.client(login) as client:
        yield await opened(client, site)
