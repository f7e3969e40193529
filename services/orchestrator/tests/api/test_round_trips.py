"""How often a turn asks Postgres and Redis: counted, not timed, so that it does not creep up unseen.

What waits for an answer is counted: in a turn, and in the request that brought it. What the process does for all of its
turns together (leases, the queue, live events in Redis) has no request and is not.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from contracts.registry import contracts_of
from contracts.tool import Family
from orchestrator.app import build
from orchestrator.settings import Settings
from orchestrator.tools.testing import FakeToolService
from servicekit.auth.claims import Role
from servicekit.context import Kit
from servicekit.kit import open_kit
from servicekit.limiter import RateLimiter
from servicekit.settings import ServiceSettings
from servicekit.spare import SpareRedis
from servicekit.telemetry.current import request_context
from servicekit.testing import TestIssuer, eventually, running

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
T = "2026-03-02T09:30:00Z"
STATUS = {"order_id": "ABC123", "status": "shipped", "placed_at": T, "updated_at": T}
PAGE = {
    "chunk_id": "chk_1", "document_id": "doc_1", "title": "Returns", "url": "https://shop.example/help/returns",
    "section": "", "text": "You can return most items within 30 days of delivery.", "score": 0.9, "similarity": 0.9,
    "updated_at": T,
}  # fmt: skip
OUTPUTS: dict[str, dict[str, Any]] = {
    "get_order_status": STATUS,
    "search_kb": {"passages": [PAGE], "strength": 0.9, "gap": 0.5, "cover": 1.0, "answerable": True},
    "issue_refund/preview": {
        "summary": "Refund 50.00 USD", "money_moved": {"amount_minor": 5000, "currency": "USD"}, "digest": "a" * 64,
    },
}  # fmt: skip


@dataclass
class Asked:
    """What was asked of Postgres and of Redis, by the request for which it was."""

    statements: dict[str, list[str]] = field(default_factory=dict)
    commands: dict[str, list[str]] = field(default_factory=dict)

    def note(self, notes: dict[str, list[str]], what: str) -> None:
        if (context := request_context()) is not None:
            notes.setdefault(context.request_id, []).append(what)

    async def watch(self, kit: Kit) -> None:
        """Every connection to Postgres that the service will have, and its client of Redis."""
        pool, asked = kit.db.pool, self

        class Counted(Redis):
            async def execute_command(self, *args: Any, **options: Any) -> Any:
                asked.note(asked.commands, str(args[0]))
                return await super().execute_command(*args, **options)

        kit.redis = Counted.from_pool(kit.redis.connection_pool)
        kit.spare = SpareRedis(kit.redis, kit.metrics)
        kit.limiter = RateLimiter.with_redis(kit.spare, kit.metrics)
        every = await asyncio.gather(*(pool.acquire() for _ in range(pool.get_max_size())))
        for connection in every:
            # It is told in the context of whoever asks.
            connection.add_query_logger(lambda query: asked.note(asked.statements, query.query))
            await pool.release(connection)


@dataclass
class Shop:
    """A customer of the running orchestrator, which counts what it asks."""

    http: httpx.AsyncClient
    issuer: TestIssuer
    asked: Asked
    number: int = 0

    def headers(self, request_id: str) -> dict[str, str]:
        told = {"subject": "cust_ada", "role": Role.CUSTOMER, "conversation_id": None, "turn_id": None, "ttl_s": 300}
        return self.issuer.bearer("orchestrator", ("chat:send",), **told) | {"x-request-id": request_id}

    async def turn(self, *texts: str, last: str = "turn_end") -> tuple[list[str], list[str]]:
        """What the last turn of a new conversation asks Postgres, up to the statement with `last` in it, and Redis."""
        begun = await self.http.post("/api/agent/conversations", json={}, headers=self.headers("begin"))
        for text in texts:
            self.number += 1
            name = f"turn-{self.number}"
            body = {"conversation_id": begun.json()["conversation_id"], "text": text, "client_turn_id": name}
            accepted = await self.http.post("/api/agent/messages", json=body, headers=self.headers(name))
            assert accepted.status_code == 202, accepted.text
            asked = self.asked.statements[name]
            await eventually(lambda asked=asked: last in asked[-1], 20.0)  # type: ignore[misc]
            if last == "turn_end":
                # Behind its end a turn is remembered, and with that it is over.
                commands = self.asked.commands[name]
                await eventually(lambda commands=commands: commands[-1] == "SET" and commands[0] != "SET")  # type: ignore[misc]
        return [_what(one) for one in asked if _TOTALS not in one], self.asked.commands[name]


#: What the shop has used is read once in some seconds, for all turns that begin meanwhile.
_TOTALS = "FROM usage_days WHERE day >="


def _what(statement: str) -> str:
    """The function that a statement calls, or the statement as far as its verb and table."""
    called = re.search(r"\b([a-z]+_[a-z_]+)\(\$1", statement)
    return called[1] if called else " ".join(statement.split()[:3]).rstrip(",;")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(api_settings: Settings) -> AsyncIterator[Shop]:
    issuer, asked = TestIssuer.create(), Asked()

    @asynccontextmanager
    async def kit_of(settings: ServiceSettings) -> AsyncIterator[Kit]:
        async with open_kit(settings, issuers=[issuer.trust]) as kit:
            await asked.watch(kit)
            yield kit

    contracts = [one for family in Family for one in contracts_of(family)]
    async with FakeToolService.of("orders", contracts, OUTPUTS).running() as tools:
        urls = {family.value: tools.url for family in Family}
        settings = api_settings.model_copy(update={"worker": "with-api", "tool_urls": urls})
        async with running(build(settings, kit_factory=kit_of)) as client:
            yield Shop(client, issuer, asked)


#: What a message is judged by, and the statement that takes it in.
TAKEN_IN = ["SELECT c.id, c.issuer", "message_accept"]


async def test_a_new_connection_is_asked_nothing_but_what_the_turn_needs(shop: Shop) -> None:
    statements, _ = await shop.turn("Hello!")
    assert statements == [*TAKEN_IN, "turn_end"]


async def test_a_turn_without_a_tool_is_three_statements(shop: Shop) -> None:
    statements, commands = await shop.turn("Hello!", "Thank you!")
    assert statements == [*TAKEN_IN, "turn_end"]
    assert commands == ["EVALSHA", "GET", "SET"]


async def test_a_tool_adds_what_was_decided_and_what_came_of_it(shop: Shop) -> None:
    statements, commands = await shop.turn("Where is my order ABC123?")
    assert statements == [*TAKEN_IN, "journal_append", "journal_append", "turn_end"]
    assert commands == ["EVALSHA", "MGET", "SET", "SET"]


async def test_a_search_costs_the_same(shop: Shop) -> None:
    statements, commands = await shop.turn("How long do I have to return something?")
    assert statements == [*TAKEN_IN, "journal_append", "journal_append", "turn_end"]
    assert len(commands) <= 4
