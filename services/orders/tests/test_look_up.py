"""Customers see their own orders, and nothing can be learnt of anybody else's."""

from dataclasses import replace

import httpx
import pytest

from contracts.errors import ProblemCode
from contracts.registry import AnyContract
from contracts.tools.orders import GET_ORDER, GET_ORDER_STATUS, OrderView
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ADA, ToolClient

pytestmark = pytest.mark.service
BEN = replace(ADA, subject="cust_ben")
both_tools = pytest.mark.parametrize("contract", [GET_ORDER, GET_ORDER_STATUS], ids=lambda one: one.name)


async def test_a_customer_sees_where_their_order_is(service: ToolClient) -> None:
    found = (await service.call(GET_ORDER_STATUS, {"order_id": "ABC123"})).json()
    assert (found["order_id"], found["status"], found["carrier"]) == ("ABC123", "shipped", "Parcelway")
    assert found["tracking_url"].startswith("https://parcelway.example/track/PW")
    assert found["eta"] == "2026-03-04T17:00:00Z"
    assert "items" not in found


async def test_a_customer_sees_what_is_in_their_order(service: ToolClient) -> None:
    response = await service.call(GET_ORDER, {"order_id": "ABC123"})
    order = OrderView.model_validate_json(response.content)
    assert [(item.sku, item.quantity, str(item.unit_price)) for item in order.items] == [
        ("STV-GAS", 1, "64.00 USD"), ("LGT-LANT", 1, "45.00 USD"), ("AXE-HATCH", 1, "75.00 USD"),
    ]  # fmt: skip
    assert (str(order.total), order.ship_to) == ("184.00 USD", "Burlington, United States")


@pytest.mark.parametrize("spelled", ["abc123", "ABC-123", "a-bc1-23"])
async def test_an_order_id_is_found_however_it_is_spelled(service: ToolClient, spelled: str) -> None:
    found = await service.call(GET_ORDER_STATUS, {"order_id": spelled})
    assert found.json()["order_id"] == "ABC123"


async def test_of_two_that_differ_in_a_dash_it_is_the_one_that_is_written_so(service: ToolClient) -> None:
    async with service.kit.db.transaction() as connection:
        await connection.execute("DELETE FROM order_items WHERE order_id = '1234'")
        await connection.execute("UPDATE orders SET id = 'ABC-123' WHERE id = '1234'")
    for spelled in ("ABC123", "ABC-123"):
        found = await service.call(GET_ORDER_STATUS, {"order_id": spelled})
        assert found.json()["order_id"] == spelled


async def test_ones_own_email_finds_the_newest_order(service: ToolClient) -> None:
    found = await service.call(GET_ORDER_STATUS, {"email": "Ada@Example.com"})
    assert found.json()["order_id"] == "ABC123"


async def test_a_new_order_becomes_the_newest(service: ToolClient, clock: FakeClock) -> None:
    async with service.kit.db.transaction() as connection:
        await connection.execute("UPDATE orders SET placed_at = $1, updated_at = $1 WHERE id = '1234'", clock.now())
    found = await service.call(GET_ORDER, {"email": "ada@example.com"})
    assert found.json()["order_id"] == "1234"


@both_tools
async def test_another_customers_order_looks_just_like_one_that_does_not_exist(
    service: ToolClient, contract: AnyContract
) -> None:
    foreign = await service.call(contract, {"order_id": "ABC123"}, BEN)
    unknown = await service.call(contract, {"order_id": "NOPE999"}, BEN)
    assert_problem(foreign, ProblemCode.ORDER_NOT_FOUND)
    assert _told(foreign) == _told(unknown)
    for secret in ("ABC123", "shipped", "Parcelway", "Burlington", "cust_ada", "Ada"):
        assert secret not in foreign.text


@both_tools
@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com", "'OR'1'='1@example.com"])
async def test_an_email_that_is_not_the_callers_finds_nothing(
    service: ToolClient, contract: AnyContract, email: str
) -> None:
    response = await service.call(contract, {"email": email}, BEN)
    unknown = await service.call(contract, {"order_id": "NOPE999"}, BEN)
    assert_problem(response, ProblemCode.ORDER_NOT_FOUND)
    assert _told(response) == _told(unknown)


async def test_a_customer_whom_the_shop_does_not_know_has_no_orders(service: ToolClient) -> None:
    stranger = replace(ADA, subject="cust_nobody")
    assert_problem(await service.call(GET_ORDER, {"order_id": "ABC123"}, stranger), ProblemCode.ORDER_NOT_FOUND)
    assert_problem(await service.call(GET_ORDER, {"email": "ada@example.com"}, stranger), ProblemCode.ORDER_NOT_FOUND)


@pytest.mark.parametrize("arguments", [{}, {"order_id": "ABC123", "email": "ada@example.com"}], ids=["none", "both"])
async def test_exactly_one_way_of_asking_is_taken(service: ToolClient, arguments: dict[str, str]) -> None:
    response = await service.call(GET_ORDER, arguments)
    assert_problem(response, ProblemCode.INVALID_REQUEST)


@pytest.mark.parametrize("order_id", ["", "a", "x" * 33, "AB C123", "ABC123'--", "ABC\u0000123", "\u0410BC123", "-ABC"])
async def test_what_is_no_order_id_is_refused(service: ToolClient, order_id: str) -> None:
    response = await service.call(GET_ORDER, {"order_id": order_id})
    assert_problem(response, ProblemCode.INVALID_REQUEST)


def _told(response: httpx.Response) -> tuple[int, dict[str, object], set[str]]:
    """All that a caller can compare, but for what names the request itself."""
    body = {name: value for name, value in response.json().items() if name != "trace_id"}
    return response.status_code, body, set(response.headers)
