"""What every refund provider promises, as tests to inherit: `class TestLedger(ProviderSuite): ...`

The subclass (or its module) has a fixture `bench: ProviderBench`: the provider over a system where charges can be made
and what was given back can be counted.
"""

import asyncio
import secrets
from typing import Protocol

import pytest

from billing.providers.port import ProviderError, ProviderRefund, ProviderState, RefundOrder, RefundProvider
from contracts.money import Money

_DONE = {ProviderState.SUCCEEDED, ProviderState.PENDING}


class ProviderBench(Protocol):
    """A provider, and the system behind it as its owner sees it."""

    provider: RefundProvider

    async def charge(self, amount: Money) -> str:
        """A new captured charge; its id at the provider."""
        ...

    async def refunded(self, charge: str) -> list[int]:
        """What was really given back of that charge: one amount in minor units per refund."""
        ...


def usd(amount_minor: int) -> Money:
    """That many cents."""
    return Money(amount_minor=amount_minor, currency="USD")


def order_of(charge: str, amount_minor: int, refund_request_id: str = "") -> RefundOrder:
    """An order for a new refund of `charge`, or for the one that is named."""
    refund = refund_request_id or f"rfd_{secrets.token_hex(13)}"
    return RefundOrder(refund, charge, usd(amount_minor), {"refund_request_id": refund, "order": "ABC123"})


class ProviderSuite:
    """Inherit it; all adapters of the port pass it."""

    async def test_a_refund_moves_the_amount_once_and_says_so(self, bench: ProviderBench) -> None:
        charge = await bench.charge(usd(10_000))
        done = await bench.provider.refund(order_of(charge, 2_500))
        assert done.state in _DONE
        assert (done.amount, done.failure) == (usd(2_500), "")
        assert done.provider_id
        assert await bench.refunded(charge) == [2_500]

    async def test_the_same_order_again_is_the_same_refund(self, bench: ProviderBench) -> None:
        charge = await bench.charge(usd(10_000))
        order = order_of(charge, 2_500)
        answers = [await bench.provider.refund(order) for _ in range(3)]
        assert len({answer.provider_id for answer in answers}) == 1
        assert await bench.refunded(charge) == [2_500]

    async def test_the_same_order_many_times_at_once_is_one_refund(self, bench: ProviderBench) -> None:
        charge = await bench.charge(usd(10_000))
        order = order_of(charge, 2_500)
        answers = await asyncio.gather(*(bench.provider.refund(order) for _ in range(8)), return_exceptions=True)
        done = [answer for answer in answers if isinstance(answer, ProviderRefund)]
        held_up = [answer for answer in answers if not isinstance(answer, ProviderRefund)]
        assert len({answer.provider_id for answer in done}) == 1
        assert all(isinstance(one, ProviderError) and one.kind in {"unknown", "not_now"} for one in held_up), held_up
        assert await bench.refunded(charge) == [2_500]

    async def test_two_orders_of_one_charge_are_two_refunds(self, bench: ProviderBench) -> None:
        charge = await bench.charge(usd(10_000))
        first = await bench.provider.refund(order_of(charge, 2_500))
        second = await bench.provider.refund(order_of(charge, 2_500))
        assert first.provider_id != second.provider_id
        assert await bench.refunded(charge) == [2_500, 2_500]

    async def test_what_was_never_ordered_is_not_found(self, bench: ProviderBench) -> None:
        charge = await bench.charge(usd(10_000))
        assert await bench.provider.find(order_of(charge, 2_500)) is None
        await bench.provider.refund(order_of(charge, 2_500))
        assert await bench.provider.find(order_of(charge, 2_500)) is None, (
            "another refund of the charge is not this one"
        )

    async def test_what_was_ordered_is_found(self, bench: ProviderBench) -> None:
        charge = await bench.charge(usd(10_000))
        order = order_of(charge, 2_500)
        done = await bench.provider.refund(order)
        await bench.provider.refund(order_of(charge, 700))
        found = await bench.provider.find(order)
        assert found is not None
        assert (found.provider_id, found.amount) == (done.provider_id, usd(2_500))
        assert found.state in _DONE

    async def test_more_than_was_captured_is_refused_and_nothing_moves(self, bench: ProviderBench) -> None:
        charge = await bench.charge(usd(10_000))
        await bench.provider.refund(order_of(charge, 9_000))
        order = order_of(charge, 1_001)
        with pytest.raises(ProviderError) as refused:
            await bench.provider.refund(order)
        assert refused.value.kind == "refused"
        assert refused.value.reason
        assert await bench.refunded(charge) == [9_000]
        assert await bench.provider.find(order) is None

    async def test_the_last_cent_can_be_given_back(self, bench: ProviderBench) -> None:
        charge = await bench.charge(usd(10_000))
        await bench.provider.refund(order_of(charge, 9_999))
        await bench.provider.refund(order_of(charge, 1))
        assert sorted(await bench.refunded(charge)) == [1, 9_999]

    async def test_a_charge_that_it_does_not_know_is_refused(self, bench: ProviderBench) -> None:
        with pytest.raises(ProviderError) as refused:
            await bench.provider.refund(order_of("ch_nobody_made_this", 100))
        assert refused.value.kind == "refused"

    async def test_another_amount_under_the_same_id_moves_nothing_more(self, bench: ProviderBench) -> None:
        charge = await bench.charge(usd(10_000))
        order = order_of(charge, 2_500)
        await bench.provider.refund(order)
        with pytest.raises(ProviderError) as refused:
            await bench.provider.refund(order_of(charge, 3_000, order.refund_request_id))
        assert refused.value.kind == "refused"
        assert await bench.refunded(charge) == [2_500]

    async def test_it_has_a_name(self, bench: ProviderBench) -> None:
        assert bench.provider.name
        assert bench.provider.name == bench.provider.name.lower()
