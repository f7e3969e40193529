"""Tries the whole table on one service: each caller, each object, each way to ask."""

import itertools
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from contracts import headers

from .callers import CALLERS, Caller, Tokens
from .table import Endpoint, Expected, Object

#: What was asked is written down there, also when it was refused.
_RECORDS = ("audit", "audit_heads", "idempotency")
_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
#: Refusals change nothing at all, so they come before what changes something.
_ORDER: tuple[Expected, ...] = ("unknown", "refused", "itself", "allowed")
Rows = dict[str, list[str]]
Granting = Callable[[Endpoint, Caller, dict[str, Any], Object], Awaitable[dict[str, str]]]


async def no_grant(endpoint: Endpoint, caller: Caller, told: dict[str, Any], thing: Object) -> dict[str, str]:
    """For services that ask for none."""
    return {}


@dataclass(frozen=True, slots=True)
class Cell:
    """One call, and what is expected of it."""

    endpoint: Endpoint
    caller: Caller
    thing: Object
    way: int
    expected: Expected

    def __str__(self) -> str:
        return f"{self.endpoint} ({self.way}) by {self.caller} for what is {self.thing.name}'s"


@dataclass
class Trial:
    """One service with the objects in it. `failures` are cells that went wrong, in words."""

    http: httpx.AsyncClient
    database_url: str
    tokens: Tokens
    things: Sequence[Object]
    knows_elsewhere: bool = False
    granting: Granting = no_grant
    failures: list[str] = field(default_factory=list)

    async def run(self, endpoints: Sequence[Endpoint]) -> int:
        """Tries all; the number of cells."""
        connection, tried = await asyncpg.connect(self.database_url), 0
        try:
            before = await rows(connection)
            for endpoint in endpoints:
                cells = sorted(self._cells(endpoint), key=lambda cell: _ORDER.index(cell.expected))
                for expected, group in itertools.groupby(cells, key=lambda cell: cell.expected):
                    told = [(cell, await self._ask(cell)) for cell in group]
                    tried += len(told)
                    after = await rows(connection)
                    self._check_rows(endpoint, expected, before, after)
                    before = after
                    if endpoint.may == "owner" and expected == "refused":
                        self._check_alike(told)
        finally:
            await connection.close()
        return tried

    def _cells(self, endpoint: Endpoint) -> list[Cell]:
        things = self.things[-1:] if endpoint.may == "public" else self.things
        return [
            Cell(endpoint, caller, thing, way, endpoint.expected(caller, thing, knows_elsewhere=self.knows_elsewhere))
            for caller in CALLERS for thing in things for way in range(len(endpoint.asks))
        ]  # fmt: skip

    async def _ask(self, cell: Cell) -> httpx.Response:
        endpoint, caller = cell.endpoint, cell.caller
        own = {f"own_{name}": value for name, value in self._own(cell).ids.items()}
        told = endpoint.filled(endpoint.asks[cell.way], {**cell.thing.ids, **own, "fresh": secrets.token_hex(8)})
        sent = {headers.IDEMPOTENCY_KEY: secrets.token_hex(8)} if self.granting is not no_grant else {}
        granted = await self.granting(endpoint, caller, told, cell.thing)
        response = await self.http.request(
            endpoint.method, **told, headers={**self.tokens.headers(caller, endpoint.scope), **sent, **granted}
        )
        self._check(cell, told, response)
        return response

    def _own(self, cell: Cell) -> Object:
        """What is the caller's own; for links, another thing than the one that is asked for."""
        if cell.endpoint.may == "link":
            return self.things[self.things.index(cell.thing) - 1]
        return next((one for one in self.things if one.owner == cell.caller.name), self.things[-1])

    def _check(self, cell: Cell, told: dict[str, Any], response: httpx.Response) -> None:
        status, endpoint = response.status_code, cell.endpoint
        good = {
            # A browser is led to the console's door.
            "unknown": status == 401 or (endpoint.may == "session" and status == 303),
            "refused": status in (403, 404, 410 if endpoint.may == "link" else 404),
            "itself": endpoint.may == "public" or status in (endpoint.answers or (200, 201, 202, 404)),
            "allowed": status in endpoint.answers if endpoint.answers else (
                200 <= status < 300 if cell.thing.owner else status in (200, 202, 404)),
        }[cell.expected]  # fmt: skip
        if not good:
            self.failures.append(f"{cell}: {cell.expected}, and got {status} {response.text[:300]}")
        said, asked = response.text + str(response.headers), str(told)
        for one in self.things:
            leaked = [word for word in one.words if word in said and word not in asked]
            if leaked and not _may_read(cell, one):
                self.failures.append(f"{cell}: shows {leaked} of {one.name}")

    def _check_rows(self, endpoint: Endpoint, expected: Expected, before: Rows, after: Rows) -> None:
        if expected == "allowed" or before == after:
            return
        for table, kept in before.items():
            gone = set(kept) - set(after[table])
            if gone or (expected != "itself" and kept != after[table]):
                self.failures.append(f"{endpoint}: {expected}, and {table} has changed")

    def _check_alike(self, told: Sequence[tuple[Cell, httpx.Response]]) -> None:
        """What is somebody else's looks like what does not exist."""
        seen: dict[tuple[str, int], set[tuple[int, str, str]]] = {}
        for cell, response in told:
            body = response.json() if "problem+json" in response.headers.get("content-type", "") else {}
            answer = (response.status_code, str(body.get("code")), str(body.get("detail")))
            seen.setdefault((cell.caller.name, cell.way), set()).add(answer)
            if len(seen[cell.caller.name, cell.way]) > 1:
                self.failures.append(f"{cell}: tells what exists: {seen[cell.caller.name, cell.way]}")


def _may_read(cell: Cell, one: Object) -> bool:
    if cell.endpoint.of_site and cell.expected in ("allowed", "itself"):
        return one.elsewhere == cell.caller.elsewhere
    if cell.expected == "itself":
        return one.owner == cell.caller.name
    if cell.expected != "allowed":
        return False
    return cell.endpoint.may not in ("owner", "known") or one is cell.thing


async def rows(connection: "asyncpg.Connection[asyncpg.Record]") -> Rows:
    """A digest of each row of each table."""
    found: Rows = {}
    for (table,) in await connection.fetch(_TABLES):
        if table not in _RECORDS:
            query = f"SELECT md5(t::text) FROM {table} t ORDER BY 1"
            found[table] = [row[0] for row in await connection.fetch(query)]
    return found
