"""What is WooCommerce's own: order numbers, pages, statuses of plugins, prices, parcels, notes."""

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import ProblemCode
from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER, OrderLookup, OrderStatus
from orders.app import build
from orders.backends.remote import Found, Noted
from orders.backends.woocommerce import WooCommerce
from orders.backends.woocommerce_orders import order_of, status_of
from orders.settings import Settings
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.http.remote import FixedHeaders, RemoteApi
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ADA, ToolClient, tool_service

from . import fake_woocommerce
from .shops import PATIENCE_S, ShopServer

pytestmark = pytest.mark.service


@pytest.fixture
def client(woocommerce: ShopServer, http: AiohttpClient) -> WooCommerce:
    basic = b64encode(f"{fake_woocommerce.KEY}:{fake_woocommerce.SECRET}".encode()).decode()
    keys = FixedHeaders({"authorization": f"Basic {basic}"})
    return WooCommerce(RemoteApi("woocommerce", woocommerce.changed["woocommerce_url"], http, keys, PATIENCE_S), {})


@pytest.fixture
async def over_woocommerce(woocommerce: ShopServer, settings: Settings, clock: FakeClock) -> AsyncIterator[ToolClient]:
    async with tool_service(lambda kit: build(woocommerce.settings(settings), kit_factory=kit), clock) as client:
        yield client


def an_order(woocommerce: ShopServer, **changed: Any) -> dict[str, Any]:
    """Ada's order ABC123 with something else in it; it replaces nothing."""
    (order,) = (one for one in woocommerce.fake.orders if one["number"] == "ABC123")
    return {**order, **changed}


async def find(client: WooCommerce, order_id: str) -> Found | None:
    return await client.find("26", OrderLookup(order_id=order_id), lines=False)


async def test_without_a_plugin_the_number_is_the_id(client: WooCommerce, woocommerce: ShopServer) -> None:
    woocommerce.fake.orders.append(an_order(woocommerce, id=812, number="812"))
    found = await find(client, "812")
    assert found is not None
    assert (found.ref, found.status.order_id) == ("812", "812")


async def test_a_short_number_is_found_with_zeros_in_front(client: WooCommerce, woocommerce: ShopServer) -> None:
    woocommerce.fake.orders.append(an_order(woocommerce, id=7, number="7"))
    for asked in ("007", "0007"):
        found = await find(client, asked)
        assert found is not None
        assert found.status.order_id == "007"


async def test_an_id_of_another_order_than_the_number_finds_nothing(client: WooCommerce) -> None:
    assert await find(client, "7001") is None


async def test_a_number_is_looked_for_on_all_pages(client: WooCommerce, woocommerce: ShopServer) -> None:
    woocommerce.fake.orders.append(an_order(woocommerce, id=90, number="N-1", date_created_gmt="2020-01-01T00:00:00"))
    for place in range(120):
        woocommerce.fake.orders.append(an_order(woocommerce, id=1000 + place, number=f"N-1{place}"))
    found = await find(client, "n-1")
    assert found is not None
    assert found.ref == "90"
    assert woocommerce.faults.seen == ["GET /wp-json/wc/v3/orders"] * 3


async def test_the_shop_is_asked_for_the_customers_orders_only(client: WooCommerce, woocommerce: ShopServer) -> None:
    for place in range(10):
        later = {"id": 1000 + place, "number": f"N-{place}", "date_created_gmt": "2026-12-01T00:00:00"}
        woocommerce.fake.orders.append(an_order(woocommerce, **later, customer_id=31))
    found = await client.find("26", OrderLookup(email="ada@example.com"), lines=False)
    assert found is not None
    assert found.status.order_id == "ABC123"
    assert len(woocommerce.faults.seen) == 1


async def test_a_search_ends_after_four_pages(client: WooCommerce, woocommerce: ShopServer) -> None:
    for place in range(300):
        woocommerce.fake.orders.append(an_order(woocommerce, id=1000 + place, number=f"N-1{place}"))
    assert await find(client, "N-1") is None
    assert len(woocommerce.faults.seen) == 4


@pytest.mark.parametrize("status", ["trash", "auto-draft", "checkout-draft"])
async def test_what_is_no_order_any_more_is_not_found(
    client: WooCommerce, woocommerce: ShopServer, status: str
) -> None:
    woocommerce.fake.orders.append(an_order(woocommerce, id=812, number="812", status=status))
    assert await find(client, "812") is None


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("pending", "pending_payment"), ("on-hold", "pending_payment"), ("failed", "pending_payment"),
        ("processing", "processing"), ("completed", "shipped"), ("cancelled", "cancelled"), ("refunded", "refunded"),
        ("delivered", "delivered"), ("packed-by-elves", "processing"), ("awaiting-pickup", "delivered"),
    ],
)  # fmt: skip
def test_each_status_is_one_of_ours(woocommerce: ShopServer, theirs: str, ours: str) -> None:
    explained = {"awaiting-pickup": OrderStatus.DELIVERED}
    assert status_of(an_order(woocommerce, status=theirs), explained).status == ours


@pytest.mark.parametrize(
    ("currency", "subtotal", "total", "each", "whole"),
    [
        ("JPY", "3000.0000", "3300.0000", "1500 JPY", "3300 JPY"),
        ("KWD", "2.4680", "2.7150", "1.234 KWD", "2.715 KWD"),
        ("USD", "20.0100", "22.0100", "10.00 USD", "22.01 USD"),
    ],
)
def test_prices_have_their_currencys_digits(
    woocommerce: ShopServer, currency: str, subtotal: str, total: str, each: str, whole: str
) -> None:
    line = {"sku": None, "name": "Tent", "quantity": 2, "subtotal": subtotal, "subtotal_tax": "0"}
    view = order_of(an_order(woocommerce, currency=currency, total=total, line_items=[line]), {})
    assert (str(view.items[0].unit_price), str(view.total)) == (each, whole)


def test_prices_are_with_tax_where_the_shop_shows_them_so(woocommerce: ShopServer) -> None:
    line = {"sku": "T", "name": "Tent", "quantity": 2, "subtotal": "20.0000", "subtotal_tax": "3.8000"}
    view = order_of(an_order(woocommerce, prices_include_tax=True, line_items=[line]), {})
    assert str(view.items[0].unit_price) == "11.90 USD"


def test_a_total_that_is_a_number_is_not_believed(woocommerce: ShopServer) -> None:
    with pytest.raises(TypeError):
        order_of(an_order(woocommerce, total=22.01), {})


@pytest.mark.parametrize(
    ("parcels", "carrier", "link"),
    [
        ([], None, None),
        ("not a list", None, None),
        ([{"tracking_provider": "usps", "tracking_number": "42", "custom_tracking_link": ""}], "usps", None),
        (
            [
                {
                    "custom_tracking_provider": "Owl",
                    "custom_tracking_link": "https://owl.example/%1$s",
                    "tracking_number": "42",
                }
            ],
            "Owl",
            "https://owl.example/42",
        ),
        ([{"custom_tracking_provider": "Owl", "custom_tracking_link": "javascript:alert(1)"}], "Owl", None),
        ([{"tracking_provider": "old"}, {"tracking_provider": "new"}], "new", None),
    ],
)
def test_the_newest_parcel_is_shown(
    woocommerce: ShopServer, parcels: object, carrier: str | None, link: str | None
) -> None:
    meta = [{"id": 1, "key": "_wc_shipment_tracking_items", "value": parcels}]
    view = status_of(an_order(woocommerce, meta_data=meta), {})
    assert (view.carrier, view.tracking_url) == (carrier, link)


async def test_a_note_is_private_and_its_markup_is_text(
    client: WooCommerce, woocommerce: ShopServer, clock: FakeClock
) -> None:
    found = await find(client, "ABC123")
    assert found is not None
    noted = await client.note(found, "<b>Ring</b> & wait", "ref_1", clock.now())
    (kept,) = woocommerce.fake.notes[int(found.ref)]
    assert noted == Noted(str(kept["id"]), clock.now())
    assert (kept["note"], kept["customer_note"]) == ("&lt;b&gt;Ring&lt;/b&gt; &amp; wait\n\n[ref_1]", False)


async def test_a_key_that_may_only_read_writes_nothing(over_woocommerce: ToolClient, woocommerce: ShopServer) -> None:
    woocommerce.fake.may_write = False
    ada, note = replace(ADA, subject="wp_26"), {"order_id": "ABC123", "note": "Ring twice."}
    grant = await over_woocommerce.confirm(ADD_ORDER_NOTE, note, ada)
    refused = await over_woocommerce.call(ADD_ORDER_NOTE, note, ada, grant=grant)
    assert_problem(refused, ProblemCode.DEPENDENCY_DOWN)
    assert (await over_woocommerce.call(GET_ORDER, {"order_id": "ABC123"}, ada)).status_code == 200


async def test_an_order_that_is_deleted_meanwhile_takes_no_note(
    client: WooCommerce, woocommerce: ShopServer, clock: FakeClock
) -> None:
    found = await find(client, "ABC123")
    assert found is not None
    woocommerce.fake.orders.clear()
    assert await client.note(found, "Ring twice.", "ref_1", clock.now()) is None
