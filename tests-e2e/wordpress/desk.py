"""Somebody who works in wp-admin: their cookies, and the nonce that WordPress wants with them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from .site import Site


@dataclass(frozen=True, slots=True)
class Desk:
    """A signed-in person's calls. `nonce` goes with all calls of `call`."""

    http: httpx.AsyncClient
    nonce: str

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """One of the plugin's REST routes, such as "/approvals"."""
        url = f"/wp-json/aiguy/v1{path}"
        return await self.http.request(method, url, json=body, headers={"X-WP-Nonce": self.nonce})


@asynccontextmanager
async def at_desk(site: Site, login: str) -> AsyncIterator[Desk]:
    """Somebody who has signed in."""
    async with site.client(login) as http:
        nonce = (await http.get("/wp-admin/admin-ajax.php?action=rest-nonce")).text
        yield Desk(http, nonce)
