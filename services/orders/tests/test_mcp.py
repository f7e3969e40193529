"""Customers' orders for an MCP client: shown and answered exactly as over the tools' own routes."""

from functools import partial

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from contracts.registry import contracts_of
from contracts.tool import Family
from contracts.tools.orders import GET_ORDER
from orders.app import build
from orders.seed import seed
from orders.settings import Settings
from servicekit.testing import FakeClock
from servicekit.testing.tool_client import ADA, tool_service

pytestmark = pytest.mark.service
SCOPES = [contract.scope for contract in contracts_of(Family.ORDERS)]


async def test_an_order_is_answered_as_over_its_own_route(settings: Settings, clock: FakeClock) -> None:
    told = settings.model_copy(update={"mcp": True})
    async with tool_service(lambda kit: build(told, kit_factory=kit), clock) as service:
        await seed(service.kit.db, clock)
        itself = await service.call(GET_ORDER, {"order_id": "ABC123"})
        inside = partial(httpx2.AsyncClient, transport=httpx2.ASGITransport(service.app), base_url="http://orders")
        async with (
            inside(headers=service.issuer.bearer("orders", SCOPES, subject=ADA.subject)) as http,
            Client(streamable_http_client("http://orders/mcp", http_client=http), mode="2026-07-28") as client,
        ):
            shown = [tool.name for tool in (await client.list_tools()).tools]
            answer = await client.call_tool("get_order", {"order_id": "ABC123"})
        async with (
            inside(headers=service.issuer.bearer("orders", SCOPES, subject="cust_ben")) as http,
            Client(streamable_http_client("http://orders/mcp", http_client=http), mode="2026-07-28") as stranger,
        ):
            refused = await stranger.call_tool("get_order", {"order_id": "ABC123"})
    assert shown == ["add_order_note", "get_order", "get_order_status", "list_orders", "preview_add_order_note"]
    assert answer.structured_content == itself.json()
    assert refused.is_error
    assert "order_not_found" in refused.content[0].text
