"""What is Shopify's own: one text for all notes, statuses made of several, many lines, currencies, searches."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import ProblemCode
from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER, GET_ORDER_STATUS
from orders.app import build
from orders.backends.shopify_orders import order_of, status_of
from orders.settings import Settings
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ADA, ToolClient, tool_service

from .fake_shopify import pages
from .shops import ShopServer

pytestmark = pytest.mark.service
SHOPIFY_ADA = replace(ADA, subject="shopify_26")


@pytest.fixture
async def service(shopify: ShopServer, settings: Settings, clock: FakeClock) -> AsyncIterator[ToolClient]:
    async with tool_service(lambda kit: build(shopify.settings(settings), kit_factory=kit), clock) as client:
        yield client


def an_order(shopify: ShopServer, **changed: Any) -> dict[str, Any]:
    """Ada's order ABC123 with something else in it."""
    (order,) = (one for one in shopify.fake.orders if one["name"] == "#ABC123")
    order.update(changed)
    return order


def parcel(status: str | None, **changed: Any) -> dict[str, Any]:
    return {"displayStatus": status, "estimatedDeliveryAt": None, "trackingInfo": [], **changed}


async def write(service: ToolClient, text: str) -> int:
    note = {"order_id": "ABC123", "note": text}
    grant = await service.confirm(ADD_ORDER_NOTE, note, SHOPIFY_ADA)
    return (await service.call(ADD_ORDER_NOTE, note, SHOPIFY_ADA, grant=grant)).status_code


async def test_what_staff_have_noted_stays(service: ToolClient, shopify: ShopServer) -> None:
    an_order(shopify, note="VIP. Call before delivery.")
    assert await write(service, "Ring twice.") == 200
    assert shopify.notes("ABC123").startswith("VIP. Call before delivery.\nRing twice.\n[ref_")


async def test_two_notes_at_once_are_both_kept(service: ToolClient, shopify: ShopServer) -> None:
    shopify.fake.slow_search_s = 0.1
    assert await asyncio.gather(write(service, "Ring twice."), write(service, "Mind the dog.")) == [200, 200]
    kept = shopify.notes("ABC123")
    assert (kept.count("Ring twice."), kept.count("Mind the dog."), kept.count("[ref_")) == (1, 1, 2)


async def test_a_note_that_shopify_refuses_is_a_problem_without_its_words(
    service: ToolClient, shopify: ShopServer
) -> None:
    note = {"order_id": "ABC123", "note": "Ring twice."}
    grant = await service.confirm(ADD_ORDER_NOTE, note, SHOPIFY_ADA)
    shopify.fake.refuses_notes = True
    refused = await service.call(ADD_ORDER_NOTE, note, SHOPIFY_ADA, grant=grant)
    assert_problem(refused, ProblemCode.INVALID_REQUEST)
    assert "upstream words" not in refused.text
    assert shopify.notes("ABC123") == ""


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"displayFinancialStatus": "PENDING"}, "pending_payment"),
        ({"displayFinancialStatus": "PARTIALLY_PAID"}, "pending_payment"),
        ({"displayFinancialStatus": "EXPIRED"}, "pending_payment"),
        ({"displayFinancialStatus": "AUTHORIZED"}, "processing"),
        ({"displayFinancialStatus": "PARTIALLY_REFUNDED"}, "processing"),
        ({"displayFinancialStatus": None}, "processing"),
        ({"displayFinancialStatus": "REFUNDED"}, "refunded"),
        ({"displayFinancialStatus": "VOIDED"}, "cancelled"),
        ({"cancelledAt": "2026-03-01T00:00:00Z", "displayFinancialStatus": "REFUNDED"}, "cancelled"),
        ({"displayFulfillmentStatus": "PARTIALLY_FULFILLED"}, "processing"),
        ({"displayFulfillmentStatus": "FULFILLED"}, "shipped"),
        ({"displayFulfillmentStatus": "FULFILLED", "fulfillments": [parcel("DELIVERED")]}, "delivered"),
        ({"displayFulfillmentStatus": "FULFILLED", "fulfillments": [parcel(None)]}, "shipped"),
        (
            {"displayFulfillmentStatus": "FULFILLED", "fulfillments": [parcel("DELIVERED"), parcel("IN_TRANSIT")]},
            "shipped",
        ),
        (
            {"displayFulfillmentStatus": "FULFILLED", "fulfillments": [parcel("DELIVERED"), parcel("CANCELED")]},
            "delivered",
        ),
    ],
)
def test_each_state_is_one_of_ours(shopify: ShopServer, changed: dict[str, Any], status: str) -> None:
    plain = {"displayFinancialStatus": "PAID", "displayFulfillmentStatus": "UNFULFILLED", "fulfillments": []}
    assert status_of(an_order(shopify, **{**plain, **changed}), "#").status == status


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [("1500.0", "JPY", "1500 JPY"), ("1.234", "KWD", "1.234 KWD"), ("22.5", "USD", "22.50 USD")],
)
def test_prices_are_those_that_the_customer_saw(shopify: ShopServer, amount: str, currency: str, shown: str) -> None:
    bag = {
        "presentmentMoney": {"amount": amount, "currencyCode": currency},
        "shopMoney": {"amount": "99.99", "currencyCode": "USD"},
    }
    line = {"sku": None, "name": "Tent", "quantity": 1, "originalUnitPriceSet": bag}
    view = order_of(an_order(shopify, totalPriceSet=bag), [line], "#")
    assert (str(view.total), str(view.items[0].unit_price), view.items[0].sku) == (shown, shown, "")


def test_the_newest_parcel_is_shown_and_a_link_only_of_the_web(shopify: ShopServer) -> None:
    good = {"company": "Owl", "url": "https://owl.example/42"}
    bad = {"company": "Crow", "url": "javascript:alert(1)"}
    for tracking, shown in ((good, ("Owl", "https://owl.example/42")), (bad, ("Crow", None))):
        parcels = [parcel("DELIVERED"), parcel("IN_TRANSIT", trackingInfo=[tracking])]
        view = status_of(an_order(shopify, fulfillments=parcels), "#")
        assert (view.carrier, view.tracking_url) == shown


async def test_an_order_with_many_lines_is_read_to_its_end(service: ToolClient, shopify: ShopServer) -> None:
    bag = {"amount": "1.0", "currencyCode": "USD"}
    price = {"presentmentMoney": bag, "shopMoney": bag}
    lines = [{"sku": f"S{place}", "name": "Peg", "quantity": 1, "originalUnitPriceSet": price} for place in range(275)]
    an_order(shopify, lineItems=pages(lines))
    found = (await service.call(GET_ORDER, {"order_id": "ABC123"}, SHOPIFY_ADA)).json()
    assert [item["sku"] for item in found["items"]] == [f"S{place}" for place in range(275)]


async def test_a_name_that_only_begins_like_the_asked_one_is_another_order(
    service: ToolClient, shopify: ShopServer
) -> None:
    an_order(shopify, name="#ABC1234")
    response = await service.call(GET_ORDER_STATUS, {"order_id": "ABC123"}, SHOPIFY_ADA)
    assert_problem(response, ProblemCode.ORDER_NOT_FOUND)


async def test_an_order_of_a_guest_at_the_till_is_nobodys(service: ToolClient, shopify: ShopServer) -> None:
    an_order(shopify, customer=None)
    shopify.fake.ignores_questions = True
    response = await service.call(GET_ORDER_STATUS, {"order_id": "ABC123"}, SHOPIFY_ADA)
    assert_problem(response, ProblemCode.ORDER_NOT_FOUND)
