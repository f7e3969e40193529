"""The gateway against a service made with the real tool router, its database included."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import Field

from contracts.base import ContractModel
from contracts.errors import ProblemCode
from contracts.ids import OrderId
from contracts.registry import AnyContract
from contracts.tool import Deprecation, Preview
from contracts.tools.orders import (
    ADD_ORDER_NOTE,
    GET_ORDER_STATUS,
    AddOrderNoteInput,
    AddOrderNoteOutput,
    OrderLookup,
    OrderStatus,
    OrderStatusView,
)
from orchestrator.tools.build import Tools, build_tools
from orchestrator.tools.callbacks import Callbacks
from orchestrator.tools.calls import CallFailed, CallRequest, CallSucceeded
from servicekit.app import create_app
from servicekit.clock import SystemClock
from servicekit.embedded import free_port
from servicekit.errors import ProblemError
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.kit import open_kit
from servicekit.settings import ServiceSettings
from servicekit.telemetry import Metrics
from servicekit.testing import TestIssuer, eventually
from servicekit.tool_router import PreviewDraft, ToolBinding, ToolRequest, tool_router

pytestmark = pytest.mark.service
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@dataclass
class Shop:
    """The handlers of a tiny order service: Ada has one order."""

    notes: list[str] = field(default_factory=list)

    async def status(self, request: ToolRequest, args: OrderLookup) -> OrderStatusView:
        if request.caller.subject != "cust_ada":
            raise ProblemError(ProblemCode.ORDER_NOT_FOUND, "Nothing here.")
        return OrderStatusView(order_id="ABC123", status=OrderStatus.SHIPPED, placed_at=NOW, updated_at=NOW)

    async def preview(self, _: ToolRequest, args: AddOrderNoteInput) -> PreviewDraft:
        return PreviewDraft(summary=f"Add a note to {args.order_id}.", after={"note": args.note})

    async def add_note(self, _: ToolRequest, args: AddOrderNoteInput) -> AddOrderNoteOutput:
        self.notes.append(args.note)
        return AddOrderNoteOutput(note_id=f"note_{len(self.notes)}", order_id=args.order_id, created_at=NOW)


@pytest.fixture
def shop() -> Shop:
    return Shop()


class Renamed(ContractModel):
    """The note of the next release."""

    order_id: OrderId
    text: str = Field(min_length=1, max_length=1000)


NEXT = replace(
    ADD_ORDER_NOTE, version="1.1.0", input=Renamed,
    deprecations=(Deprecation(argument="note", since="2026-01-01", remove_after="2026-03-01", replaced_by="text"),),
)  # fmt: skip

Release = Callable[..., FastAPI]


@pytest.fixture
def release(shop: Shop, issuer: TestIssuer, database_url: Callable[[str], str], redis_url: str) -> Release:
    """The service, with this contract for notes."""
    settings = ServiceSettings(
        service="orders",
        environment="test",
        database_url=database_url("servicekit.testing.sample"),
        redis_url=redis_url,
    )

    def build(note: AnyContract = ADD_ORDER_NOTE) -> FastAPI:
        bindings = [ToolBinding(GET_ORDER_STATUS, shop.status), ToolBinding(note, shop.add_note, shop.preview)]
        return create_app(
            settings=settings, title="Orders", routers=[tool_router(bindings)],
            kit_factory=lambda settings: open_kit(settings, issuers=[issuer.trust]),
        )  # fmt: skip

    return build


@pytest.fixture
async def calling(issuer: TestIssuer) -> AsyncIterator[Callable[[str], Tools]]:
    """The tools at an address; no manifest was read yet."""
    http = AiohttpClient()

    def at(url: str) -> Tools:
        return build_tools(
            urls={"orders": url}, http=http, minter=issuer.minter, metrics=Metrics(), clock=SystemClock(),
            callbacks=Callbacks(b"k" * 32, SystemClock()),
        )  # fmt: skip

    yield at
    await http.close()


@pytest.fixture
async def tools(release: Release, calling: Callable[[str], Tools]) -> AsyncIterator[Tools]:
    async with serving(release()) as url:
        made = calling(url)
        await made.catalog.refresh()
        yield made


@asynccontextmanager
async def serving(app: Any, port: int = 0) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="on"))
    task = asyncio.create_task(server.serve())
    await eventually(lambda: server.started, 20)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


async def test_the_catalogue_reads_what_the_service_serves(tools: Tools) -> None:
    assert [spec.name for spec in tools.catalog.specs(customer=True)] == ["add_order_note", "get_order_status"]
    left_out = "{} is not offered: not available in this installation"
    assert tools.catalog.troubles() == {"orders": "; ".join(map(left_out.format, ("get_order", "list_orders")))}


async def test_a_customer_reads_their_own_order_and_nobody_elses(tools: Tools, read: CallRequest) -> None:
    mine = await tools.gateway.call(read)
    assert isinstance(mine, CallSucceeded)
    assert mine.output["status"] == "shipped"
    theirs = await tools.gateway.call(replace(read, subject="cust_ben"))
    assert isinstance(theirs, CallFailed)
    assert theirs.code is ProblemCode.ORDER_NOT_FOUND
    assert "Nothing here" not in theirs.detail


async def test_a_confirmed_write_runs_once_however_often_it_is_sent(
    tools: Tools, write: CallRequest, shop: Shop
) -> None:
    preview = await tools.gateway.preview(write)
    assert isinstance(preview, Preview)
    confirmed = replace(write, digest=preview.digest)
    results = [await tools.gateway.call(confirmed) for _ in range(3)]
    assert all(isinstance(result, CallSucceeded) for result in results)
    assert len({str(result.output) for result in results if isinstance(result, CallSucceeded)}) == 1
    assert shop.notes == ["Ring twice."]


async def test_what_was_not_confirmed_exactly_like_this_does_not_run(
    tools: Tools, write: CallRequest, shop: Shop
) -> None:
    preview = await tools.gateway.preview(write)
    assert isinstance(preview, Preview)
    other = {"order_id": "ABC123", "note": "Send it to my neighbour instead."}
    result = await tools.gateway.call(replace(write, digest=preview.digest, arguments=other, turn_id="trn_" + "2" * 32))
    assert isinstance(result, CallFailed)
    assert result.code is ProblemCode.GRANT_INVALID
    assert shop.notes == []


async def test_a_call_in_the_shape_of_the_next_release_is_carried_out_by_the_one_before(
    release: Release, calling: Callable[[str], Tools], write: CallRequest, shop: Shop
) -> None:
    port, said = free_port(), replace(write, arguments={"order_id": "ABC123", "text": "Ring twice."})
    tools = calling(f"http://127.0.0.1:{port}")
    async with serving(release(NEXT), port):
        await tools.catalog.refresh()
    async with serving(release(), port):
        preview = await tools.gateway.preview(said)
        assert isinstance(preview, Preview)
        done = await tools.gateway.call(replace(said, digest=preview.digest))
        again = await tools.gateway.call(replace(said, digest=preview.digest))
        refused = await tools.gateway.call(replace(said, arguments={"order_id": "ABC123", "text": ""}))
    assert isinstance(done, CallSucceeded)
    assert isinstance(again, CallSucceeded)
    assert shop.notes == ["Ring twice."]
    assert isinstance(refused, CallFailed)
    assert refused.code is ProblemCode.INVALID_REQUEST
