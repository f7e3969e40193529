"""When Stripe or the line to it fails: the kind of each error, none of its words, and one effect in the end."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from billing.providers.stripe_factory import stripe_from
from servicekit.testing.faulty import Fault

from .conftest import SPOILT, SPOILT_NAMES, Account
from .fake_stripe import READ_ONLY_KEY

_REQUEST = {"type": "invalid_request_error"}
ERRORS = [
    (401, _REQUEST, "misconfigured", "key_refused"),
    (403, {**_REQUEST, "code": "more_permissions_required"}, "misconfigured", "key_refused"),
    (400, {**_REQUEST, "code": "livemode_mismatch"}, "misconfigured", "key_refused"),
    (400, {**_REQUEST, "code": "charge_already_refunded"}, "refused", "charge_already_refunded"),
    (400, {**_REQUEST, "code": "charge_disputed"}, "refused", "charge_disputed"),
    (400, {**_REQUEST, "code": "balance_insufficient"}, "refused", "insufficient_funds"),
    (400, {**_REQUEST, "param": "amount"}, "refused", "amount_too_large"),
    (400, {**_REQUEST, "code": "a_code_of_tomorrow"}, "refused", "rejected"),
    (402, {"type": "card_error", "code": "insufficient_funds"}, "refused", "insufficient_funds"),
    (404, {**_REQUEST, "code": "resource_missing", "param": "charge"}, "refused", "unknown_charge"),
    (422, _REQUEST, "refused", "rejected"),
    (400, {"type": "idempotency_error"}, "unknown", "order_changed"),
    (409, {"type": "idempotency_error", "code": "idempotency_key_in_use"}, "unknown", "under_way"),
    (409, {**_REQUEST, "code": "lock_timeout"}, "not_now", "busy"),
    (429, {**_REQUEST, "code": "lock_timeout"}, "not_now", "busy"),
    (429, {**_REQUEST, "code": "rate_limit"}, "not_now", "busy"),
    (400, {**_REQUEST, "code": "rate_limit"}, "not_now", "busy"),
    (424, {"type": "api_error"}, "unknown", ""),
    (500, {"type": "api_error"}, "unknown", ""),
    (503, {"type": "api_error"}, "unknown", ""),
]


@pytest.mark.parametrize(("status", "error", "kind", "reason"), ERRORS)
async def test_each_error_of_stripe_has_its_kind(
    account: Account, status: int, error: dict[str, Any], kind: str, reason: str
) -> None:
    charge = account.stripe.charge(10_000)
    order = account.order(charge)
    account.stripe.next_order(status, error)
    failed = await account.failure(order)
    assert (failed.kind, failed.reason) == (kind, reason)
    assert account.stripe.refunded(charge) == []
    assert account.stripe.orders == 1, "trying again is our callers' business"
    await account.provider.refund(order)
    assert account.stripe.refunded(charge) == [2_500]


@pytest.mark.parametrize(("fault", "kind"), SPOILT, ids=SPOILT_NAMES)
async def test_a_spoilt_order_has_its_kind_and_is_one_effect_in_the_end(
    account: Account, fault: Fault, kind: str
) -> None:
    charge = account.stripe.charge(10_000)
    order = account.order(charge)
    account.spoil_order(fault)
    assert (await account.failure(order)).kind == kind
    await account.provider.refund(order)
    assert account.stripe.refunded(charge) == [2_500]
    found = await account.provider.find(order)
    assert found is not None


@pytest.mark.parametrize(("fault", "kind"), SPOILT, ids=SPOILT_NAMES)
async def test_a_spoilt_look_up_has_its_kind_and_nothing_is_ordered(account: Account, fault: Fault, kind: str) -> None:
    order = account.order(account.stripe.charge(10_000))
    for find in (True, False):
        account.faults.next(fault)
        assert (await account.failure(order, find=find)).kind == kind
    assert account.stripe.orders == 0


@pytest.mark.parametrize("error", [{**_REQUEST, "code": "charge_disputed"}, {**_REQUEST, "param": "limit"}])
async def test_a_refused_question_does_not_mean_that_nothing_was_done(account: Account, error: dict[str, Any]) -> None:
    order = account.order(account.stripe.charge(10_000))
    await account.provider.refund(order)
    for find in (True, False):
        account.faults.next(Fault(400, {}, json.dumps({"error": error}).encode()))
        assert (await account.failure(order, find=find)).kind == "unknown"
    assert account.stripe.orders == 1


@pytest.mark.parametrize(("sent", "waits"), [("7", 7.0), ("99999", 3600.0), ("soon", None), ("-1", None), (None, None)])
async def test_how_long_to_wait_is_told(account: Account, sent: str | None, waits: float | None) -> None:
    order = account.order(account.stripe.charge(10_000))
    account.spoil_order(Fault.status(429, {"retry-after": sent} if sent else None))
    assert (await account.failure(order)).retry_after_s == waits


async def test_a_key_that_may_not_write_is_for_our_operators(account: Account) -> None:
    charge = account.stripe.charge(10_000)
    account.provider = stripe_from(SecretStr(READ_ONLY_KEY), api_base=account.url)
    assert (await account.failure(account.order(charge))).kind == "misconfigured"
    assert account.stripe.refunded(charge) == []
    await account.provider.close()


async def test_no_connection_means_that_nothing_was_done(account: Account) -> None:
    account.provider = stripe_from(SecretStr(READ_ONLY_KEY), api_base="http://127.0.0.1:9")
    error = await account.failure(account.order(account.stripe.charge(10_000)))
    assert (error.kind, error.reason) == ("not_now", "unreachable")
    await account.provider.close()


async def test_an_order_that_failed_at_stripe_for_good_is_not_ordered_again(account: Account) -> None:
    order = account.order(account.stripe.charge(10_000))
    await account.provider.refund(order)
    account.stripe.refunds[0] |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
    account.stripe.forget_keys()
    again = await account.provider.refund(order)
    assert (again.state, again.failure) == ("failed", "card_gone")
    assert len(account.stripe.refunds) == 1
