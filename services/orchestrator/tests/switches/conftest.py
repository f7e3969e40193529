"""A real database with switches, boards that read it, and a gateway over faulty services that asks a board."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from contracts.registry import contracts_of
from contracts.tool import Family
from orchestrator.switches.board import SwitchBoard
from orchestrator.switches.changing import Turned, turn_switch
from orchestrator.switches.policy import load_phases
from orchestrator.switches.state import Change, Position, Target
from orchestrator.switches.store import read_switches
from orchestrator.tools.build import Tools, build_tools
from orchestrator.tools.callbacks import Callbacks
from orchestrator.tools.calls import CallRequest
from orchestrator.tools.testing import FakeToolService
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.db.pool import Database
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.telemetry import Metrics

USD = {"amount_minor": 5000, "currency": "USD"}
MADE = {"refund_request_id": "rfr_1", "order_id": "1234", "amount": USD, "state": "succeeded"}
OUTPUTS: dict[str, dict[str, Any]] = {
    "get_refund": MADE,
    "issue_refund": MADE,
    "issue_refund/preview": {"summary": "Refund 50.00 USD", "money_moved": USD, "digest": "a" * 64},
    "approve_refund": MADE,
    "close_refund": MADE | {"state": "denied"},
}
#: Append-only, but for the tests, which share a database.
_FRESH = (
    "ALTER TABLE switch_changes DISABLE TRIGGER USER; DELETE FROM switch_changes;"
    " ALTER TABLE switch_changes ENABLE TRIGGER USER; DELETE FROM calls_begun"
)
READ = CallRequest(
    tool="get_refund", arguments={"order_id": "1234"}, args_hash="1" * 32, subject="cust_ada", role="customer",
    conversation_id="cnv_" + "0" * 32, turn_id="trn_" + "1" * 32, request_id="req_1", timeout_s=8.0, channel="web",
)  # fmt: skip
REFUND = replace(
    READ, tool="issue_refund", digest="b" * 64, args_hash="2" * 32,
    arguments={"order_id": "1234", "amount_minor": 5000, "currency": "USD", "reason": "It broke."},
)  # fmt: skip
APPROVE = replace(
    READ, tool="approve_refund", digest="c" * 64, args_hash="3" * 32, arguments={"refund_request_id": "rfr_1"},
    approvers=("staff_kim",),
)  # fmt: skip


@dataclass
class Shop:
    """Billing, and processes that call it, each with a board of its own."""

    url: str
    database: Database
    service: FakeToolService
    http: AiohttpClient
    stack: AsyncExitStack
    metrics: dict[int, Metrics] = field(default_factory=dict)

    def board(self, database: Database | None = None, **told: Any) -> SwitchBoard:
        metrics = Metrics()
        made = SwitchBoard(self.url, database or self.database, load_phases(), SystemClock(), metrics, **told)
        self.metrics[id(made)] = metrics
        return made

    async def process(self, board: SwitchBoard, *, runs: bool = True) -> Tools:
        """A process of the orchestrator: its catalogue was read, its board runs."""
        tools = build_tools(
            urls={"billing": self.service.url}, http=self.http, metrics=Metrics(), clock=SystemClock(),
            minter=TokenMinter(KeySet.generate(), "orchestrator", SystemClock()), jitter=random.Random(7),
            callbacks=Callbacks(b"k" * 32, SystemClock()), switches=board,
        )  # fmt: skip
        await tools.catalog.refresh()
        if runs:
            await self.stack.enter_async_context(board.running())
        return tools

    async def turn(self, target: Target, wanted: Position) -> Change | None:
        """A colleague switches something, as they see it now."""
        async with self.database.transaction() as db:
            seen = (await read_switches(db)).position(target)
            return await turn_switch(db, Turned(target, seen, wanted, "for a test", "staff_kim"))


@pytest.fixture
async def shop(database_url: Callable[[str], str]) -> AsyncIterator[Shop]:
    url, http = database_url("orchestrator"), AiohttpClient()
    database = await Database.connect(url, size=8)
    async with database.primary() as db:
        await db.execute(_FRESH)
    service = FakeToolService.of("billing", contracts_of(Family.BILLING), dict(OUTPUTS))
    async with AsyncExitStack() as stack, service.running():
        yield Shop(url, database, service, http, stack)
    await http.close()
    await database.close()
