"""Our adapter over a Stripe of our own, with faults on demand."""

import asyncio
import secrets
import traceback
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from billing.providers.port import ProviderError, RefundOrder, RefundProvider
from billing.providers.stripe_factory import stripe_from
from contracts.money import Money
from servicekit.testing.faulty import UPSTREAM_SECRET, Fault, Faults
from servicekit.testing.live import live_server

from .fake_stripe import KEY, FakeStripe

PATIENCE_S = 2.0
#: How a call of Stripe can be spoilt, and the kind of error that this is.
SPOILT = [
    (Fault.status(302), "unknown"), (Fault.status(400), "unknown"), (Fault.status(401), "misconfigured"),
    (Fault.status(403), "misconfigured"), (Fault.status(404), "unknown"), (Fault.status(409), "unknown"),
    (Fault.status(422), "unknown"), (Fault.status(429), "not_now"), (Fault.status(500), "unknown"),
    (Fault.garbage(), "unknown"), (Fault(200, {}, b"[]"), "unknown"), (Fault(200, {}, b"7"), "unknown"),
    (Fault(200, {}, b'{"object": "refund", "id": 7}'), "unknown"), (Fault(200, {}, b"\xff\xfe"), "unknown"),
    (Fault(400, {}, b'{"error": {"type": ["x"], "code": {}}}'), "unknown"), (Fault(500, {}, b"null"), "unknown"),
    (Fault.hang_before(), "unknown"), (Fault.hang_after(), "unknown"),
]  # fmt: skip
SPOILT_NAMES = [f"{fault.code or 'hangs'}-{'after' if fault.runs else fault.body[:12]!r}" for fault, _ in SPOILT]


@dataclass
class Account:
    """The provider under test, the account behind it, and the line between them."""

    provider: RefundProvider
    stripe: FakeStripe
    faults: Faults
    url: str

    def order(self, charge: str, amount: int = 2_500, refund_request_id: str = "") -> RefundOrder:
        """An order for a new refund, or for the one that is named."""
        return RefundOrder(
            refund_request_id or f"rfd_{secrets.token_hex(13)}", charge,
            Money(amount_minor=amount, currency="USD"), {"conversation": "conv_1", "turn": "turn_1"},
        )  # fmt: skip

    def spoil_order(self, fault: Fault) -> None:
        """The look-up that goes before an order works; the order itself meets the fault."""
        self.faults.next(None, fault)  # type: ignore[arg-type]

    async def failure(self, order: RefundOrder, *, find: bool = False) -> ProviderError:
        """The error of an order (or of a look-up), which carries none of Stripe's words, not even as its cause."""
        with pytest.raises(ProviderError) as caught:
            await (self.provider.find(order) if find else self.provider.refund(order))
        error = caught.value
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(error.__context__)
        assert UPSTREAM_SECRET not in told
        assert error.__context__ is None
        return error


@pytest.fixture(scope="session")
def warm() -> None:
    """The SDK reads most of itself at its first call, which takes longer than our patience here."""

    async def call() -> None:
        provider = stripe_from(SecretStr(KEY), api_base="http://127.0.0.1:9")
        with pytest.raises(ProviderError):
            await provider.find(RefundOrder("rfd_0", "ch_0", Money(amount_minor=1, currency="USD"), {}))
        await provider.close()

    asyncio.run(call())


@pytest.fixture
def line(warm: None) -> Iterator[tuple[FakeStripe, Faults, str]]:
    """A new account, and where it is served."""
    stripe = FakeStripe()
    faults = Faults(stripe.app())
    with live_server(faults) as url:  # type: ignore[arg-type]
        yield stripe, faults, url
        stripe.gate.set()


@pytest.fixture
async def account(line: tuple[FakeStripe, Faults, str]) -> AsyncIterator[Account]:
    """A new account with our adapter over it."""
    stripe, faults, url = line
    provider = stripe_from(SecretStr(KEY), api_base=url, timeout_s=PATIENCE_S)
    yield Account(provider, stripe, faults, url)
    await provider.close()
