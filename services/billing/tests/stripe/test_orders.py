"""What an order is at Stripe: how it is asked for, and that it stays one effect."""

import asyncio
from dataclasses import replace

import pytest

from billing.providers.port import ProviderState
from contracts.money import Money
from servicekit.testing.waiting import eventually

from .conftest import Account


async def test_an_order_says_who_we_are_and_nothing_about_the_customer(account: Account) -> None:
    charge = account.stripe.charge(10_000)
    order = account.order(charge)
    await account.provider.refund(order)
    [(_, _, headers, fields)] = [asked for asked in account.stripe.asked if asked[0] == "POST"]
    assert fields == {
        "charge": charge, "amount": "2500", "metadata[refund_request_id]": order.refund_request_id,
        "metadata[conversation]": "conv_1", "metadata[turn]": "turn_1",
    }  # fmt: skip
    assert headers["idempotency-key"] == order.refund_request_id
    assert headers["stripe-version"] == "2026-10-28.endive"
    assert "telemetry" not in str(headers).lower()
    assert "platform" not in headers["x-stripe-client-user-agent"]


async def test_a_payment_intent_is_refunded_and_found_like_a_charge(account: Account) -> None:
    charge = account.stripe.charge(10_000)
    order = account.order(account.stripe.charges[charge]["payment_intent"])
    done = await account.provider.refund(order)
    assert account.stripe.refunded(charge) == [2_500]
    assert await account.provider.find(order) == done


async def test_the_same_order_a_day_later_is_still_the_same_refund(account: Account) -> None:
    charge = account.stripe.charge(10_000)
    order = account.order(charge)
    first = await account.provider.refund(order)
    account.stripe.forget_keys()
    assert await account.provider.refund(order) == first
    assert account.stripe.refunded(charge) == [2_500]


async def test_an_order_that_is_under_way_is_not_carried_out_twice(account: Account) -> None:
    charge = account.stripe.charge(10_000)
    order = account.order(charge)
    account.stripe.gate.clear()
    first = asyncio.create_task(account.provider.refund(order))
    await eventually(lambda: account.stripe.orders == 1)
    error = await account.failure(order)
    assert (error.kind, error.reason) == ("unknown", "under_way")
    account.stripe.gate.set()
    done = await first
    assert await account.provider.refund(order) == done
    assert account.stripe.refunded(charge) == [2_500]


async def test_another_amount_under_a_known_id_is_refused_and_reported_as_open_by_find(account: Account) -> None:
    charge = account.stripe.charge(10_000)
    order = account.order(charge)
    await account.provider.refund(order)
    changed = account.order(charge, 3_000, order.refund_request_id)
    refused, open_ = await account.failure(changed), await account.failure(changed, find=True)
    assert (refused.kind, refused.reason) == ("refused", "order_changed")
    assert (open_.kind, open_.reason) == ("unknown", "order_changed")
    assert account.stripe.refunded(charge) == [2_500]


async def test_a_used_key_with_other_fields_settles_nothing(account: Account) -> None:
    charge = account.stripe.charge(10_000)
    order = account.order(charge)
    account.stripe.gate.clear()
    # The first one is still under way when its caller has given up.
    assert (await account.failure(order)).kind == "unknown"
    changed = account.order(charge, 3_000, order.refund_request_id)
    error = await account.failure(changed)
    assert (error.kind, error.reason) == ("unknown", "order_changed")
    account.stripe.gate.set()
    await eventually(lambda: account.stripe.refunded(charge) == [2_500])


async def test_a_refund_is_found_behind_many_others(account: Account) -> None:
    charge = account.stripe.charge(10_000)
    order = account.order(charge, 1)
    first = await account.provider.refund(order)
    account.stripe.refunds += [
        {**account.stripe.refunds[0], "id": f"re_other{number}", "metadata": {}} for number in range(250)
    ]
    account.stripe.asked.clear()
    assert await account.provider.find(order) == first
    assert len(account.stripe.asked) == 3


async def test_looking_ends_and_says_that_it_does_not_know(account: Account) -> None:
    charge = account.stripe.charge(10_000)
    order = account.order(charge, 1)
    await account.provider.refund(order)
    account.stripe.refunds += [
        {**account.stripe.refunds[0], "id": f"re_other{number}", "metadata": {}} for number in range(1_000)
    ]
    account.stripe.asked.clear()
    assert (await account.failure(order)).kind == "unknown"
    assert len(account.stripe.asked) == 10
    assert account.stripe.orders == 0


@pytest.mark.parametrize(
    ("status", "state", "failure"),
    [
        ("pending", ProviderState.PENDING, ""),
        ("requires_action", ProviderState.PENDING, ""),
        ("succeeded", ProviderState.SUCCEEDED, ""),
        ("failed", ProviderState.FAILED, "failed_at_provider"),
        ("canceled", ProviderState.FAILED, "canceled"),
    ],
)
async def test_each_state_of_stripe_is_one_of_ours(
    account: Account, status: str, state: ProviderState, failure: str
) -> None:
    account.stripe.status = status
    done = await account.provider.refund(account.order(account.stripe.charge(10_000)))
    assert (done.state, done.failure) == (state, failure)


async def test_a_state_that_is_new_to_us_settles_nothing(account: Account) -> None:
    account.stripe.status = "teleported"
    assert (await account.failure(account.order(account.stripe.charge(10_000)))).kind == "unknown"


async def test_an_answer_with_another_amount_settles_nothing(account: Account) -> None:
    charge = account.stripe.charge(10_000, "eur")
    error = await account.failure(account.order(charge))
    assert (error.kind, error.reason) == ("unknown", "answer_differs")


# As Stripe's documentation lists them: currencies without hundredths. ISK and UGX have them there, and nowhere else.
WHOLE = frozenset({
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
})  # fmt: skip


@pytest.mark.parametrize("currency", [*sorted(WHOLE), "ISK", "UGX", "USD", "EUR", "KWD"])
async def test_money_is_only_moved_where_stripes_unit_is_ours(account: Account, currency: str) -> None:
    amount = Money(amount_minor=1_000, currency=currency)
    at_stripe = {"KWD": "1.000 KWD"}.get(currency, f"1000 {currency}" if currency in WHOLE else f"10.00 {currency}")
    same = str(amount) == at_stripe
    charge = account.stripe.charge(10_000, currency.lower())
    order = replace(account.order(charge), amount=amount)
    if same:
        assert (await account.provider.refund(order)).amount == amount
    else:
        assert (await account.failure(order)).reason == "currency_not_supported"
        assert await account.provider.find(order) is None
    assert account.stripe.refunded(charge) == ([1_000] if same else [])
