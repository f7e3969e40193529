"""A tool service with faults, and a catalogue and a gateway that talk to it over real sockets."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from contracts.registry import contracts_of
from contracts.tool import Family
from orchestrator.tools.build import CacheParts, build_tools
from orchestrator.tools.callbacks import Callbacks
from orchestrator.tools.calls import CallRequest
from orchestrator.tools.catalog import Catalog
from orchestrator.tools.gateway import ToolGateway
from orchestrator.tools.testing import FakeToolService
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import Clock, SystemClock
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.http.client import HttpPort
from servicekit.spare import SpareRedis
from servicekit.telemetry import Metrics

T = "2026-03-02T09:30:00Z"
USD = {"amount_minor": 18400, "currency": "USD"}
STATUS = {"order_id": "ABC123", "status": "shipped", "placed_at": T, "updated_at": T}
OUTPUTS: dict[str, dict[str, Any]] = {
    "get_order_status": STATUS,
    "get_order": {**STATUS, "items": [], "total": USD, "ship_to": "Portland, US"},
    "list_orders": {"orders": [{**STATUS, "items": [], "total": USD, "ship_to": "Portland, US"}], "more": False},
    "add_order_note": {"note_id": "note_1", "order_id": "ABC123", "created_at": T},
    "issue_refund": {"refund_request_id": "rfr_1", "order_id": "1234", "amount": USD, "state": "succeeded"},
    "issue_refund/preview": {"summary": "Refund 50.00 USD", "money_moved": USD, "digest": "a" * 64},
    "search_kb": {"passages": [], "strength": 0.0, "gap": 0.0, "cover": 0.0, "answerable": False},
    "handoff_human": {
        "handoff_id": "h",
        "ticket_id": "t",
        "ticket_number": "T-1",
        "queue": "q",
        "position": 0,
        "reply_due": T,
    },
}


@dataclass
class World:
    """Everything that a test of the gateway touches."""

    service: FakeToolService
    catalog: Catalog
    gateway: ToolGateway
    metrics: Metrics
    keys: KeySet
    http: HttpPort

    def counted(self, name: str, **labels: str) -> float:
        """The value of a counter or gauge; 0 when it was never touched."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


READ = CallRequest(
    tool="get_order_status", arguments={"order_id": "ABC123"}, args_hash="a" * 32, subject="cust_ada", role="customer",
    conversation_id="cnv_" + "0" * 32, turn_id="trn_" + "1" * 32, request_id="req_1", timeout_s=8.0,
    email="ada@example.com", name="Ada Moreno",
)  # fmt: skip
WRITE = replace(READ, tool="add_order_note", arguments={"order_id": "ABC123", "note": "Ring twice."}, digest="b" * 64)


@pytest.fixture
def read() -> CallRequest:
    """A customer looks up their order."""
    return READ


@pytest.fixture
def write() -> CallRequest:
    """A customer has confirmed a note on their order."""
    return WRITE


@pytest.fixture
def clock() -> Clock:
    """Real time; tests that move it replace this."""
    return SystemClock()


@pytest.fixture
def cache_redis() -> object | None:
    """The Redis of the cache; None: no cache."""
    return None


def fast(entry: dict[str, Any], timeout_ms: int = 400) -> dict[str, Any]:
    """A manifest entry with a short time-out, so that a test of a hanging service ends soon."""
    return {**entry, "timeout_ms": timeout_ms}


@pytest.fixture
async def service() -> AsyncIterator[FakeToolService]:
    """One service that plays the order system, with time-outs of 400 ms."""
    fake = FakeToolService.of("orders", contracts_of(Family.ORDERS), dict(OUTPUTS))
    fake.entries = [fast(entry) for entry in fake.entries]
    async with fake.running():
        yield fake


@pytest.fixture
async def world(service: FakeToolService, clock: Clock, cache_redis: Any) -> AsyncIterator[World]:
    """A gateway whose catalogue has read the order system."""
    metrics, keys, http = Metrics(), KeySet.generate(), AiohttpClient()
    cache = CacheParts(SpareRedis(cache_redis, metrics), b"k" * 32) if cache_redis else None
    tools = build_tools(
        urls={"orders": service.url}, http=http, minter=TokenMinter(keys, "orchestrator", SystemClock()),
        metrics=metrics, clock=clock, cache=cache, jitter=random.Random(7),
        callbacks=Callbacks(b"k" * 32, clock),
    )  # fmt: skip
    await tools.catalog.refresh()
    yield World(service, tools.catalog, tools.gateway, metrics, keys, http)
    await http.close()
