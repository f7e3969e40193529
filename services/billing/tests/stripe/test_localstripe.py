"""Our adapter against a Stripe that somebody else wrote: localstripe, with its own reading of the API.

It knows neither idempotency keys nor what is left of a charge, and takes no restricted keys. So what is shown here is
the wire format, and that our id in the metadata alone makes a repeated order one refund; the rest is in `test_orders`.
"""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from billing.providers.port import ProviderError, ProviderState, RefundOrder, RefundProvider
from billing.providers.stripe_factory import stripe_from
from contracts.money import Money

KEY = "sk_test_12345"
CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2040", "cvc": "123"}


@pytest.fixture(scope="session")
def localstripe_url() -> Iterator[str]:
    """A running localstripe."""
    script = Path(__file__).with_name("run_localstripe.py")
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Shop:
    """The account, by localstripe's own API, and our adapter."""

    http: httpx.AsyncClient
    provider: RefundProvider

    async def post(self, path: str, fields: dict[str, str]) -> dict[str, object]:
        """`POST /v1/{path}` as a form."""
        answer = await self.http.post(f"/v1/{path}", data=fields)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def charge(self, amount: int, currency: str = "usd") -> str:
        """A captured charge of a new customer."""
        card = await self.post("payment_methods", {"type": "card", **{f"card[{name}]": v for name, v in CARD.items()}})
        customer = await self.post("customers", {"name": "Ada"})
        await self.post(f"payment_methods/{card['id']}/attach", {"customer": str(customer["id"])})
        fields = {
            "amount": str(amount),
            "currency": currency,
            "customer": str(customer["id"]),
            "source": str(card["id"]),
        }
        return str((await self.post("charges", fields))["id"])

    async def refunds(self, charge: str) -> list[dict[str, object]]:
        """The refunds that localstripe has of a charge."""
        return list((await self.http.get("/v1/refunds", params={"charge": charge})).json()["data"])


@pytest.fixture
async def shop(localstripe_url: str) -> AsyncIterator[Shop]:
    """Our adapter over localstripe."""
    provider = stripe_from(SecretStr(KEY), api_base=localstripe_url)
    async with httpx.AsyncClient(base_url=localstripe_url, headers={"authorization": f"Bearer {KEY}"}) as http:
        yield Shop(http, provider)
    await provider.close()


def order_of(charge: str, amount: int, name: str = "one", currency: str = "USD") -> RefundOrder:
    """An order; its id is made of the charge, so that tests do not meet."""
    money = Money(amount_minor=amount, currency=currency)
    return RefundOrder(f"rfd_{charge[3:]}{name}", charge, money, {"conversation": "conv_1", "turn": "turn_1"})


async def test_a_refund_is_there_with_its_amount_and_our_ids(shop: Shop) -> None:
    charge = await shop.charge(10_000)
    order = order_of(charge, 2_500)
    done = await shop.provider.refund(order)
    assert (done.state, done.amount, done.failure) == (ProviderState.SUCCEEDED, order.amount, "")
    [there] = await shop.refunds(charge)
    assert (there["id"], there["amount"], there["currency"]) == (done.provider_id, 2_500, "usd")
    ids = {"refund_request_id": order.refund_request_id, "conversation": "conv_1", "turn": "turn_1"}
    assert there["metadata"] == ids
    assert await shop.provider.find(order) == done


async def test_the_same_order_twice_is_one_refund(shop: Shop) -> None:
    charge = await shop.charge(10_000)
    order = order_of(charge, 2_500)
    assert await shop.provider.refund(order) == await shop.provider.refund(order)
    assert [one["amount"] for one in await shop.refunds(charge)] == [2_500]


async def test_a_charge_is_refunded_in_parts(shop: Shop) -> None:
    charge = await shop.charge(10_000, "eur")
    for amount, name in ((2_500, "a"), (7_499, "b"), (1, "c")):
        done = await shop.provider.refund(order_of(charge, amount, name, "EUR"))
        assert done.amount == Money(amount_minor=amount, currency="EUR")
    assert sorted(int(str(one["amount"])) for one in await shop.refunds(charge)) == [1, 2_500, 7_499]
    refunded = (await shop.http.get(f"/v1/charges/{charge}")).json()
    assert (refunded["amount_refunded"], refunded["refunded"]) == (10_000, True)


async def test_more_refunds_than_a_page_holds_are_looked_through(shop: Shop) -> None:
    charge = await shop.charge(100_000)
    first = await shop.provider.refund(order_of(charge, 1, "first"))
    for _ in range(120):
        await shop.post("refunds", {"charge": charge, "amount": "2"})
    assert await shop.provider.find(order_of(charge, 1, "first")) == first


async def test_what_was_never_ordered_is_not_found(shop: Shop) -> None:
    charge = await shop.charge(10_000)
    assert await shop.provider.find(order_of(charge, 2_500)) is None
    assert await shop.provider.find(order_of("ch_nobody_made_this", 2_500)) is None


async def test_a_charge_that_does_not_exist_and_an_amount_that_is_none_are_refused(shop: Shop) -> None:
    charge = await shop.charge(10_000)
    for order, reason in (
        (order_of("ch_nobody_made_this", 2_500), "unknown_charge"),
        (order_of(charge, 0), "rejected"),
    ):
        with pytest.raises(ProviderError) as refused:
            await shop.provider.refund(order)
        assert (refused.value.kind, refused.value.reason) == ("refused", reason)
    assert await shop.refunds(charge) == []


async def test_a_key_that_it_does_not_take_is_for_our_operators(shop: Shop, localstripe_url: str) -> None:
    provider = stripe_from(SecretStr("rk_test_12345"), api_base=localstripe_url)
    with pytest.raises(ProviderError) as refused:
        await provider.refund(order_of(await shop.charge(10_000), 2_500))
    assert refused.value.kind == "misconfigured"
    await provider.close()
