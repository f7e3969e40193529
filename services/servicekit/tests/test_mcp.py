"""The tools for MCP clients, spoken to by the protocol's own client over real HTTP."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult

from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER_STATUS
from servicekit.app import create_app
from servicekit.auth import Role
from servicekit.kit import open_kit
from servicekit.settings import ServiceSettings
from servicekit.testing import TestIssuer
from servicekit.testing.live import live_server
from servicekit.testing.sample.tools import Sample
from servicekit.tool_router import tool_router

pytestmark = pytest.mark.service
READ, WRITE = GET_ORDER_STATUS.scope, ADD_ORDER_NOTE.scope
NOTE = {"order_id": "ABC123", "note": "Please ring twice"}
#: With the handshake of 2025, and without one.
VERSIONS = ["legacy", "2026-07-28"]

Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def url(settings: ServiceSettings, issuer: TestIssuer, sample: Sample):
    app = create_app(
        settings=settings.model_copy(update={"mcp": True}), title="Sample", routers=[tool_router(sample.orders())],
        kit_factory=lambda given: open_kit(given, issuers=[issuer.trust]),
    )  # fmt: skip
    with live_server(app) as base:
        yield f"{base}/mcp"


@pytest.fixture
def sample() -> Sample:
    return Sample()


@pytest.fixture
def connect(url: str, issuer: TestIssuer) -> Connect:
    @asynccontextmanager
    async def connected(*scopes: str, mode: str = "2026-07-28", **token: Any) -> AsyncIterator[Client]:
        async with (
            httpx2.AsyncClient(headers=issuer.bearer("orders", scopes, **token)) as http,
            Client(streamable_http_client(url, http_client=http), mode=mode) as client,
        ):
            yield client

    return connected


def problem_of(result: CallToolResult) -> dict[str, Any]:
    assert result.is_error
    problem: dict[str, Any] = json.loads(result.content[0].text)
    return problem


@pytest.mark.parametrize("mode", VERSIONS)
async def test_a_customers_token_sees_their_tools_and_calls_them(connect: Connect, mode: str) -> None:
    async with connect(READ, mode=mode) as client:
        listed = (await client.list_tools()).tools
        answer = await client.call_tool("get_order_status", {"order_id": "ABC123"})
    (tool,) = listed
    assert (tool.name, tool.annotations.read_only_hint) == ("get_order_status", True)
    assert tool.output_schema["type"] == "object"
    assert (answer.is_error, answer.structured_content["status"]) == (False, "shipped")


async def test_a_write_is_shown_with_what_it_would_do(connect: Connect) -> None:
    async with connect(READ, WRITE) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        preview = await client.call_tool("preview_add_order_note", NOTE)
    assert sorted(tools) == ["add_order_note", "get_order_status", "preview_add_order_note"]
    assert tools["add_order_note"].annotations.read_only_hint is False
    assert tools["preview_add_order_note"].annotations.read_only_hint is True
    assert preview.structured_content["summary"] == "Add a note"


async def test_nothing_is_written_that_nobody_confirmed(connect: Connect, sample: Sample) -> None:
    async with connect(WRITE) as client:
        without_key = await client.call_tool("add_order_note", NOTE)
        without_grant = await client.call_tool("add_order_note", NOTE, meta={"aiguy/idempotency-key": "a" * 16})
    assert problem_of(without_key)["code"] == "idempotency_key_missing"
    assert problem_of(without_grant)["code"] == "confirmation_required"
    assert sample.calls == []


async def test_a_confirmed_write_happens_once_however_often_it_is_called(
    connect: Connect, issuer: TestIssuer, sample: Sample
) -> None:
    async with connect(WRITE) as client:
        digest = (await client.call_tool("preview_add_order_note", NOTE)).structured_content["digest"]
        grant = issuer.grant("orders", "add_order_note", digest)
        meta = {"aiguy/idempotency-key": "k" * 16, "aiguy/grant": grant}
        first = await client.call_tool("add_order_note", NOTE, meta=meta)
        again = await client.call_tool("add_order_note", NOTE, meta=meta)
    assert first.structured_content == again.structured_content
    assert first.structured_content["order_id"] == "ABC123"
    assert sample.calls == [ADD_ORDER_NOTE]


async def test_a_tool_decides_by_the_token_and_not_by_what_was_listed(connect: Connect, sample: Sample) -> None:
    async with connect(WRITE) as client:
        no_scope = await client.call_tool("get_order_status", {"order_id": "ABC123"})
    async with connect(READ, subject="cust_ben") as client:
        foreign = await client.call_tool("get_order_status", {"order_id": "ABC123"})
    async with connect(READ, subject="guest_1", role=Role.GUEST) as client:
        shown = (await client.list_tools()).tools
        guest = await client.call_tool("get_order_status", {"order_id": "ABC123"})
    assert problem_of(no_scope)["code"] == "insufficient_scope"
    assert problem_of(foreign)["code"] == "order_not_found"
    assert (shown, problem_of(guest)["code"]) == ([], "forbidden")


async def test_bad_arguments_are_a_result_that_names_the_field(connect: Connect) -> None:
    async with connect(READ) as client:
        answer = await client.call_tool("get_order_status", {"order_id": "ABC123", "invented": 1})
        with pytest.raises(MCPError, match="no such tool"):
            await client.call_tool("drop_tables", {})
    assert [one["pointer"] for one in problem_of(answer)["errors"]] == ["/invented"]


async def test_without_a_good_token_and_from_a_browser_there_is_nothing(url: str, issuer: TestIssuer) -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"accept": "application/json, text/event-stream"}
    async with httpx2.AsyncClient(headers=accept) as http:
        nobody = await http.post(url, json=asked)
        elsewhere = await http.post(url, json=asked, headers=issuer.bearer("billing", READ))
        page = await http.post(
            url, json=asked, headers={**issuer.bearer("orders", READ), "origin": "https://a.example"}
        )
        bad = await http.post(url, content=b"{", headers={**issuer.bearer("orders", READ), **JSON})
        large = await http.post(url, content=b"x" * 70_000, headers={**issuer.bearer("orders", READ), **JSON})
    assert [one.status_code for one in (nobody, elsewhere, page, bad, large)] == [401, 401, 403, 400, 413]
    assert nobody.headers["www-authenticate"].startswith("Bearer")


JSON = {"content-type": "application/json"}


async def test_it_is_off_until_somebody_wants_it(serve, issuer) -> None:
    async with serve() as service:
        answer = await service.client.post("/mcp", json={}, headers=issuer.bearer("orders", READ))
    assert answer.status_code == 404
