"""The service over Stripe: whatever Stripe or the line to it does, one refund in the end, and no word of Stripe's."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from stripe import WebhookSignature

from billing.app import build
from billing.providers.ledger import LedgerProvider
from billing.providers.port import ProviderError
from billing.refunds.lost import search_lost
from billing.refunds.verify import REFUNDS
from billing.settings import Settings
from contracts.errors import ProblemCode
from contracts.tools.billing import ISSUE_REFUND
from servicekit.chain import verify_ledger
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.faulty import UPSTREAM_SECRET, Fault, Faults
from servicekit.testing.tool_client import ToolClient, tool_service

from ..shop import Paid, approve, asking, history, look, paid, refund, sweep, waiting
from .conftest import PATIENCE_S, SPOILT, SPOILT_NAMES
from .fake_stripe import KEY, FakeStripe

pytestmark = pytest.mark.service
WEBHOOK_SECRET = "whsec_of_the_endpoint_of_the_shop"


@dataclass
class Shop:
    """The running service, and the account at Stripe behind it."""

    service: ToolClient
    stripe: FakeStripe
    faults: Faults
    charges: dict[str, str] = field(default_factory=dict)

    def charge(self, amount: int) -> str:
        """A new charge at Stripe, whose id no other test has."""
        made, charge = self.stripe.charge(amount), f"ch_{secrets.token_hex(12)}"
        self.stripe.charges[charge] = self.stripe.charges.pop(made)
        return charge

    async def paid(self, amount: int = 10_000) -> Paid:
        """A new order that was paid at Stripe; our row names no provider, so it is the one of the settings."""
        charge = self.charge(amount)
        order = await paid(self.service, amount, provider_charge=charge)
        self.charges[order.id] = charge
        return order

    def given_back(self, order: Paid) -> list[int]:
        """What Stripe really gave back."""
        return self.stripe.refunded(self.charges[order.id])

    async def hear(self, refund_at_stripe: dict[str, Any], type_: str = "refund.updated") -> httpx.Response:
        """Stripe tells us."""
        body = json.dumps({"type": type_, "data": {"object": refund_at_stripe}})
        now = int(self.service.clock.now().timestamp())
        header = WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET, now)
        return await self.service.http.post("/webhooks/stripe", content=body, headers={"stripe-signature": header})

    async def until_settled(self) -> None:
        """Sweeps until nothing is left to look at."""
        self.service.clock.advance(3_700)
        while await sweep(self.service):
            self.service.clock.advance(3_700)

    async def alerts(self, why: str) -> bool:
        """Whether somebody was alarmed because of that."""
        return f'aiguy_refund_alerts_total{{why="{why}"}}' in (await self.service.http.get("/metrics")).text


@pytest.fixture
async def shop(settings: Settings, clock: FakeClock, line: tuple[FakeStripe, Faults, str]) -> AsyncIterator[Shop]:
    """Billing as a shop with Stripe has it; sweeps happen when a test says so."""
    stripe, faults, url = line
    given = settings.model_copy(update={
        "refund_provider": "stripe", "stripe_key": SecretStr(KEY), "stripe_api_base": url,
        "stripe_timeout_s": PATIENCE_S, "stripe_webhook_secret": SecretStr(WEBHOOK_SECRET),
        "refund_reconcile_every_s": 0,
    })  # fmt: skip
    async with tool_service(lambda kit: build(given, kit_factory=kit), clock) as service:
        yield Shop(service, stripe, faults)
        async with service.kit.db.primary() as connection:  # what this test left open is not for the next one
            await connection.execute("UPDATE refunds SET check_at = 'infinity'")


async def test_a_refund_is_made_at_stripe_under_our_id(shop: Shop) -> None:
    order = await shop.paid()
    made = (await refund(shop.service, order, 2_500)).json()
    assert made["state"] == "succeeded"
    assert shop.given_back(order) == [2_500]
    [at_stripe] = shop.stripe.refunds
    assert at_stripe["metadata"] == {"refund_request_id": made["refund_request_id"], "order_id": order.id}
    assert (await history(shop.service, made["refund_request_id"]))[-1] == ("succeeded", "stripe")


@pytest.mark.parametrize(("fault", "kind"), SPOILT, ids=SPOILT_NAMES)
async def test_whatever_goes_wrong_it_is_one_refund_in_the_end(shop: Shop, fault: Fault, kind: str) -> None:
    order = await shop.paid()
    shop.faults.next(None, fault)  # type: ignore[arg-type]
    first = await refund(shop.service, order, 2_500)
    assert (first.status_code, first.json()["state"]) == (200, "submitted")
    await shop.until_settled()
    refund_id = first.json()["refund_request_id"]
    ended = await look(shop.service, refund_id, order.who)
    assert ended["state"] == "succeeded"
    assert shop.given_back(order) == [2_500]
    receipt = await shop.service.http.get(ended["receipt_url"])
    assert UPSTREAM_SECRET not in first.text + json.dumps(ended) + receipt.text
    assert await shop.alerts("misconfigured") is (kind == "misconfigured")


async def test_what_stripe_refuses_has_failed_and_frees_the_amount(shop: Shop) -> None:
    order = await shop.paid()
    shop.stripe.next_order(400, {"type": "invalid_request_error", "code": "charge_disputed"})
    answer = await refund(shop.service, order, 10_000)
    assert answer.json()["state"] == "failed"
    assert UPSTREAM_SECRET not in answer.text
    assert shop.given_back(order) == []
    assert (await refund(shop.service, order, 10_000, reason="Again.")).json()["state"] == "succeeded"


async def test_how_long_stripe_wants_us_to_wait_is_how_long_we_wait(shop: Shop) -> None:
    order = await shop.paid()
    shop.faults.next(None, Fault.status(429, {"retry-after": "600"}))  # type: ignore[arg-type]
    made = (await refund(shop.service, order, 2_500)).json()
    shop.service.clock.advance(599)
    assert await sweep(shop.service) == 0
    shop.service.clock.advance(2)
    assert await sweep(shop.service) == 1
    assert (await look(shop.service, made["refund_request_id"], order.who))["state"] == "succeeded"


async def test_while_stripe_is_away_it_is_asked_less_and_less_often(shop: Shop) -> None:
    order = await shop.paid()
    asked = [Fault.status(500) for _ in range(40)]
    shop.faults.next(None, *asked)  # type: ignore[arg-type]
    await refund(shop.service, order, 2_500)
    looks = 0
    for _ in range(360):
        shop.service.clock.advance(10)
        looks += await sweep(shop.service)
    assert 5 <= looks <= 14, "in an hour"


async def test_sweeps_of_many_replicas_ask_once_each(shop: Shop) -> None:
    orders = [await shop.paid() for _ in range(12)]
    for order in orders:
        shop.faults.next(None, Fault(500, runs=True))  # type: ignore[arg-type]
        await refund(shop.service, order, 2_500)
    shop.service.clock.advance(6)
    before = len(shop.stripe.asked)
    while sum(await asyncio.gather(*(sweep(shop.service) for _ in range(4)))):
        continue
    assert [shop.given_back(order) for order in orders] == [[2_500]] * 12
    assert len(shop.stripe.asked) - before == 12


async def test_a_pending_refund_ends_when_stripe_says_so(shop: Shop) -> None:
    order = await shop.paid()
    shop.stripe.status = "pending"
    made = (await refund(shop.service, order, 2_500)).json()
    assert made["state"] == "submitted"
    [at_stripe] = shop.stripe.refunds
    assert (await shop.hear(at_stripe)).status_code == 200
    assert (await look(shop.service, made["refund_request_id"], order.who))["state"] == "submitted"
    for _ in range(3):
        assert (await shop.hear({**at_stripe, "status": "succeeded"})).status_code == 200
    assert (await look(shop.service, made["refund_request_id"], order.who))["state"] == "succeeded"
    assert len(await history(shop.service, made["refund_request_id"])) == 5
    assert not await shop.alerts("contradicted")


async def test_a_success_that_stripe_takes_back_is_an_event_and_an_alert(shop: Shop) -> None:
    order = await shop.paid()
    made = (await refund(shop.service, order, 2_500)).json()
    refund_id = made["refund_request_id"]
    [at_stripe] = shop.stripe.refunds
    failed = {**at_stripe, "status": "failed", "failure_reason": "lost_or_stolen_card"}
    for _ in range(2):
        assert (await shop.hear(failed, "refund.failed")).status_code == 200
    ended = await look(shop.service, refund_id, order.who)
    assert ended["state"] == "failed"
    assert (await history(shop.service, refund_id))[-2:] == [("succeeded", "stripe"), ("failed", "stripe")]
    assert await shop.alerts("reversed")
    assert not await shop.alerts("contradicted")
    page = (await shop.service.http.get(made["receipt_url"], headers={"accept": "text/html"})).text
    assert "25.00 USD could not be refunded" in page
    async with shop.service.kit.db.primary() as connection:
        assert (await verify_ledger(connection, REFUNDS)).ok
    # Words that come late, of another refund object, or about another amount change nothing, and somebody is told.
    await shop.hear(at_stripe)
    assert (await look(shop.service, refund_id, order.who))["state"] == "failed"
    assert await shop.alerts("contradicted")


@pytest.mark.parametrize("change", [{"id": "re_another"}, {"amount": 2_499}, {"currency": "eur"}])
async def test_a_failure_that_is_not_of_this_refund_changes_nothing(shop: Shop, change: dict[str, Any]) -> None:
    order = await shop.paid()
    made = (await refund(shop.service, order, 2_500)).json()
    [at_stripe] = shop.stripe.refunds
    assert (await shop.hear({**at_stripe, "status": "failed", **change})).status_code == 200
    assert (await look(shop.service, made["refund_request_id"], order.who))["state"] == "succeeded"
    assert await shop.alerts("contradicted")


async def test_news_of_a_refund_that_is_not_ours_are_heard(shop: Shop) -> None:
    order = await shop.paid()
    await refund(shop.service, order, 2_500)
    other = {**shop.stripe.refunds[0], "metadata": {"refund_request_id": "rfd_unknown"}}
    assert (await shop.hear(other)).status_code == 200


async def test_an_event_that_stripe_did_not_sign_moves_nothing(shop: Shop) -> None:
    order = await shop.paid()
    shop.stripe.status = "pending"
    made = (await refund(shop.service, order, 2_500)).json()
    body = json.dumps({"type": "refund.updated", "data": {"object": {**shop.stripe.refunds[0], "status": "succeeded"}}})
    forged = WebhookSignature.generate_signature_header(
        body, "whsec_of_somebody_else_entirely", int(shop.service.clock.now().timestamp())
    )
    answer = await shop.service.http.post("/webhooks/stripe", content=body, headers={"stripe-signature": forged})
    assert_problem(answer, ProblemCode.MALFORMED_BODY)
    assert (await look(shop.service, made["refund_request_id"], order.who))["state"] == "submitted"


async def test_what_staff_approved_is_made_at_stripe(shop: Shop) -> None:
    charge = shop.charge(150_000)
    refund_id = await waiting(shop.service, provider_charge=charge)
    assert shop.stripe.refunds == []
    assert (await approve(shop.service, refund_id)).json()["state"] == "succeeded"
    assert shop.stripe.refunded(charge) == [20_000]


async def test_a_charge_of_our_own_ledger_stays_there(shop: Shop) -> None:
    order = await paid(shop.service, 10_000, provider="ledger")
    made = (await refund(shop.service, order, 2_500)).json()
    assert (await history(shop.service, made["refund_request_id"]))[-1] == ("succeeded", "ledger")
    assert shop.stripe.asked == []


async def test_a_refund_stays_with_the_provider_that_it_was_confirmed_for(
    shop: Shop, settings: Settings, clock: FakeClock
) -> None:
    """Also when the settings name another one before it is over."""
    order = await shop.paid()
    shop.faults.next(None, Fault.hang_after())  # type: ignore[arg-type]
    made = (await refund(shop.service, order, 2_500)).json()
    changed = settings.model_copy(update={"refund_reconcile_every_s": 0})
    async with tool_service(lambda kit: build(changed, kit_factory=kit), clock) as other:
        clock.advance(6)
        assert await sweep(other) == 1
        assert (await look(other, made["refund_request_id"], order.who))["state"] == "submitted"
    await shop.until_settled()
    assert (await look(shop.service, made["refund_request_id"], order.who))["state"] == "succeeded"
    assert shop.given_back(order) == [2_500]


async def test_a_preview_asks_stripe_nothing(shop: Shop) -> None:
    order = await shop.paid()
    await shop.service.preview(ISSUE_REFUND, asking(order, 2_500), order.who)
    assert shop.stripe.asked == []


async def _restored(shop: Shop, refund_id: str) -> None:
    """The books as a backup from before that refund has them, brought back by a restore."""
    async with shop.service.kit.db.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("DELETE FROM refund_events WHERE refund_request_id = $1", refund_id)
        await connection.execute("DELETE FROM refunds WHERE id = $1", refund_id)
        # Each test has an account of its own at Stripe, which counts its refunds from one.
        await connection.execute("DELETE FROM refunds_found")
        await connection.execute("INSERT INTO refund_searches (since) VALUES (now() - interval '1 day')")


async def _shown(shop: Shop, order: Paid, amount: int) -> httpx.Response:
    return await shop.service.preview(ISSUE_REFUND, asking(order, amount), order.who)


async def test_a_refund_that_a_restore_lost_is_found_and_not_paid_again_unasked(shop: Shop) -> None:
    order = await shop.paid()
    lost = (await refund(shop.service, order, 2_500)).json()
    await _restored(shop, lost["refund_request_id"])
    assert_problem(await _shown(shop, order, 2_500), ProblemCode.DEPENDENCY_DOWN)
    await sweep(shop.service)
    assert await shop.alerts("lost")
    again = (await refund(shop.service, order, 2_500)).json()
    assert again["state"] == "confirmed", "staff look at it first"
    assert shop.given_back(order) == [2_500]
    assert_problem(await _shown(shop, order, 8_000), ProblemCode.NOT_REFUNDABLE)


async def test_a_search_that_stripe_does_not_answer_stays_open(shop: Shop) -> None:
    order = await shop.paid()
    lost = (await refund(shop.service, order, 2_500)).json()
    await _restored(shop, lost["refund_request_id"])
    shop.faults.next(Fault.status(500))
    await sweep(shop.service)
    assert_problem(await _shown(shop, order, 2_500), ProblemCode.DEPENDENCY_DOWN)
    shop.service.clock.advance(31)
    await sweep(shop.service)
    assert (await refund(shop.service, order, 2_500)).json()["state"] == "confirmed"
    assert shop.given_back(order) == [2_500]


async def test_a_search_waits_for_the_provider_that_the_books_name(shop: Shop) -> None:
    """Billing that was started without its key for Stripe must not take the search for done."""
    order = await shop.paid()
    lost = (await refund(shop.service, order, 2_500)).json()
    await refund(shop.service, order, 1_000)
    await _restored(shop, lost["refund_request_id"])
    with pytest.raises(ProviderError, match="provider_missing: stripe"):
        await search_lost(shop.service.kit, [LedgerProvider(shop.service.kit.db)])
    assert_problem(await _shown(shop, order, 2_500), ProblemCode.DEPENDENCY_DOWN)
    shop.service.clock.advance(31)
    await sweep(shop.service)
    assert (await _shown(shop, order, 2_500)).json()["approvals"] == 1
