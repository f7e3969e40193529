"""What the shops tell of their own accord is believed by its signature alone, and counts once."""

from collections.abc import Awaitable, Callable

import httpx
import orjson
import pytest

from contracts.errors import ProblemCode
from orders.app import build
from orders.settings import Settings
from orders.webhooks.messages import SHOPIFY, WOOCOMMERCE, is_signed, signature_of
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ToolClient, tool_service

from .shops import ShopServer

pytestmark = pytest.mark.service
SENDERS = {"woocommerce": WOOCOMMERCE, "shopify": SHOPIFY}
TIMES = {
    "woocommerce": ("date_modified_gmt", "2026-03-01T10:{:02d}:00"),
    "shopify": ("updated_at", "2026-03-01T05:{:02d}:00-05:00"),
}
_KNOWN = "SELECT modified_at FROM order_changes WHERE system = $1 AND order_ref = $2"
_OUTCOMES = "aiguy_orders_webhooks_total"

Tell = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def tell(over_shop: ToolClient, shop: ShopServer) -> Tell:
    """Posts a message about order 7001, signed as the shop signs. Nothing is known of it before."""
    async with over_shop.kit.db.transaction() as connection:
        # The tests of a module share a database.
        await connection.execute("DELETE FROM order_changes; DELETE FROM shop_deliveries")
    sender, (field, pattern) = SENDERS[shop.system], TIMES[shop.system]

    async def send(
        minute: int, delivery: str = "d1", *, body: bytes | None = None, signature: str | None = None
    ) -> httpx.Response:
        sent = body or orjson.dumps({"id": 7001, "note": "caf\u00e9", field: pattern.format(minute)})
        own = signature_of(sent, shop.webhook_secret)
        headers = {
            sender.signature_header: (own if signature is None else signature).encode(),
            sender.delivery_header: delivery.encode(),
        }
        return await over_shop.http.post(f"/webhooks/{sender.system}", content=sent, headers=headers)

    return send


async def test_a_signed_change_is_written_down(over_shop: ToolClient, shop: ShopServer, tell: Tell) -> None:
    assert (await tell(5)).status_code == 200
    assert await _known(over_shop, shop) == "2026-03-01T10:05:00+00:00"
    assert await _outcomes(over_shop) == {"new": 1}


async def test_a_delivery_that_comes_again_counts_once(over_shop: ToolClient, tell: Tell) -> None:
    for _ in range(3):
        assert (await tell(6)).status_code == 200
    assert await _outcomes(over_shop) == {"new": 1, "repeated": 2}


async def test_two_messages_of_one_delivery_id_are_two(over_shop: ToolClient, shop: ShopServer, tell: Tell) -> None:
    await tell(7, "the-same-second")
    await tell(8, "the-same-second")
    assert await _known(over_shop, shop) == "2026-03-01T10:08:00+00:00"
    assert await _outcomes(over_shop) == {"new": 2}


async def test_what_comes_late_does_not_make_an_order_older(
    over_shop: ToolClient, shop: ShopServer, tell: Tell
) -> None:
    await tell(20, "second")
    await tell(10, "first")
    assert await _known(over_shop, shop) == "2026-03-01T10:20:00+00:00"
    assert await _outcomes(over_shop) == {"new": 1, "late": 1}


async def test_a_captured_message_sent_again_as_another_delivery_changes_nothing(
    over_shop: ToolClient, shop: ShopServer, tell: Tell
) -> None:
    await tell(30, "d1")
    await tell(30, "made up")
    assert await _outcomes(over_shop) == {"new": 1, "late": 1}


async def test_deliveries_are_forgotten_after_days(over_shop: ToolClient, clock: FakeClock, tell: Tell) -> None:
    await tell(31, "old")
    clock.advance(8 * 86_400)
    await tell(32, "new")
    async with over_shop.kit.db.read() as connection:
        assert await connection.fetchval("SELECT count(*) FROM shop_deliveries") == 1


@pytest.mark.parametrize("signature", ["", "AAAA", "\u00e9", "=" * 44])
async def test_a_message_without_the_right_signature_is_refused(
    over_shop: ToolClient, shop: ShopServer, tell: Tell, signature: str
) -> None:
    response = await tell(40, signature=signature)
    assert_problem(response, ProblemCode.UNAUTHENTICATED)
    assert await _known(over_shop, shop) is None
    assert await _outcomes(over_shop) == {}


async def test_a_body_that_was_changed_on_its_way_is_refused(tell: Tell, shop: ShopServer) -> None:
    signature = signature_of(b'{"id": 7001}', shop.webhook_secret)
    assert_problem(await tell(41, body=b'{"id": 7002}', signature=signature), ProblemCode.UNAUTHENTICATED)


@pytest.mark.parametrize("body", [b'{"id": 7001}', b"[]", b"no json", b'{"id": "x"}', b"null"])
async def test_what_is_signed_and_no_change_is_accepted_and_ignored(
    over_shop: ToolClient, tell: Tell, body: bytes
) -> None:
    assert (await tell(50, body=body)).status_code == 200
    assert await _outcomes(over_shop) == {"ignored": 1}


async def test_a_ping_is_answered_and_does_nothing(over_shop: ToolClient, shop: ShopServer) -> None:
    response = await over_shop.http.post(f"/webhooks/{shop.system}", content=b"webhook_id=12")
    assert response.status_code == 200
    assert await _outcomes(over_shop) == {}


async def test_a_body_that_is_too_long_is_refused(tell: Tell) -> None:
    assert_problem(await tell(51, body=b" " * (1024 * 1024 + 1)), ProblemCode.PAYLOAD_TOO_LARGE)


async def test_without_a_secret_there_is_no_webhook(
    woocommerce: ShopServer, settings: Settings, clock: FakeClock
) -> None:
    for changed in ({"woocommerce_webhook_secret": None}, {"woocommerce_webhook_secret": ""}):
        unset = Settings.model_validate({**woocommerce.settings(settings).model_dump(), **changed})
        async with tool_service(lambda kit, unset=unset: build(unset, kit_factory=kit), clock) as client:  # type: ignore[misc]
            signature = signature_of(b"{}", "")
            answer = await client.http.post(
                "/webhooks/woocommerce", content=b"{}", headers={"x-wc-webhook-signature": signature}
            )
            assert_problem(answer, ProblemCode.NOT_FOUND)


def test_an_empty_secret_signs_nothing() -> None:
    assert not is_signed(b"{}", signature_of(b"{}", ""), "")


async def _known(client: ToolClient, shop: ShopServer) -> str | None:
    async with client.kit.db.read() as connection:
        found = await connection.fetchval(_KNOWN, shop.system, "7001")
    return None if found is None else found.isoformat()


async def _outcomes(client: ToolClient) -> dict[str, int]:
    text = (await client.http.get("/metrics")).text
    lines = [line for line in text.splitlines() if line.startswith(_OUTCOMES + "{")]
    return {line.split('outcome="')[1].split('"')[0]: int(float(line.rsplit(" ", 1)[1])) for line in lines}
