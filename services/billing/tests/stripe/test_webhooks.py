"""What Stripe tells us by itself: only what it signed in the last minutes is believed, and repeats change nothing."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from stripe import WebhookSignature

from billing.providers.port import ProviderRefund, ProviderState
from billing.providers.stripe_factory import stripe_webhooks_from
from contracts.money import Money
from servicekit.app import create_app
from servicekit.context import Kit
from servicekit.settings import ServiceSettings
from servicekit.testing.clock import FakeClock
from servicekit.testing.tool_client import ToolClient, tool_service

SECRET = "whsec_of_the_endpoint_of_the_shop"
OURS = "rfd_0123456789abcdef0123456789"
REFUND = {
    "id": "re_1", "object": "refund", "amount": 2_500, "currency": "usd", "charge": "ch_1", "status": "succeeded",
    "metadata": {"refund_request_id": OURS},
}  # fmt: skip
GOOD = ProviderRefund("re_1", ProviderState.SUCCEEDED, Money(amount_minor=2_500, currency="USD"))


@dataclass
class Heard:
    """What was settled, and an error for the next time."""

    news: list[tuple[str, ProviderRefund]] = field(default_factory=list)
    trouble: Exception | None = None

    async def settle(self, kit: Kit, refund_request_id: str, refund: ProviderRefund) -> None:
        """The callback of the route."""
        assert kit.db is not None
        if self.trouble is not None:
            raise self.trouble
        self.news.append((refund_request_id, refund))


@dataclass
class Endpoint:
    """The route in a running app."""

    service: ToolClient
    heard: Heard
    clock: FakeClock

    async def tell(self, event: Any, *, header: str | None = None, age_s: float = 0, secret: str = SECRET) -> int:
        """Sends an event, signed well unless told otherwise; the status."""
        body = event if isinstance(event, str) else json.dumps(event)
        signed_at = int(self.clock.now().timestamp() - age_s)
        good = WebhookSignature.generate_signature_header(body, secret, signed_at)
        return (await self.send(body, good if header is None else header)).status_code

    async def send(self, body: str | bytes, header: str) -> httpx.Response:
        """Sends these very bytes."""
        return await self.service.http.post(
            "/webhooks/stripe", content=body, headers={"stripe-signature": header.encode("latin-1")}
        )


@pytest.fixture
def limit() -> int:
    """Calls a minute."""
    return 1_000


@pytest.fixture
async def endpoint(
    database_url: Callable[[str], str], redis_url: str, clock: FakeClock, limit: int
) -> AsyncIterator[Endpoint]:
    """A service that has the route and nothing else."""
    heard = Heard()
    settings = ServiceSettings(
        service="billing", environment="test", database_url=database_url("billing"), redis_url=redis_url,
        rate_limit_per_minute=limit,
    )  # fmt: skip
    router = stripe_webhooks_from(SecretStr(SECRET), heard.settle)
    async with tool_service(
        lambda kit: create_app(settings=settings, title="Billing", routers=[router], kit_factory=kit), clock
    ) as service:
        yield Endpoint(service, heard, clock)


def event_of(type_: str, found: Any = REFUND) -> dict[str, Any]:
    """An event about an object."""
    return {"id": "evt_1", "object": "event", "type": type_, "livemode": False, "data": {"object": found}}


@pytest.mark.parametrize("type_", ["refund.created", "refund.updated", "charge.refund.updated"])
async def test_news_of_a_refund_of_ours_are_settled(endpoint: Endpoint, type_: str) -> None:
    assert await endpoint.tell(event_of(type_)) == 200
    assert endpoint.heard.news == [(OURS, GOOD)]


async def test_a_failure_says_why_in_a_code_of_ours(endpoint: Endpoint) -> None:
    failed = {**REFUND, "status": "failed", "failure_reason": "expired_or_canceled_card"}
    assert await endpoint.tell(event_of("refund.failed", failed)) == 200
    [(_, refund)] = endpoint.heard.news
    assert (refund.state, refund.failure) == (ProviderState.FAILED, "card_gone")


async def test_a_charge_brings_all_its_refunds_of_ours(endpoint: Endpoint) -> None:
    other = {**REFUND, "id": "re_2", "metadata": {"refund_request_id": "rfd_another"}}
    by_hand = {**REFUND, "id": "re_3", "metadata": {}}
    charge = {"id": "ch_1", "object": "charge", "refunds": {"object": "list", "data": [other, by_hand, REFUND, 7]}}
    assert await endpoint.tell(event_of("charge.refunded", charge)) == 200
    assert [ours for ours, _ in endpoint.heard.news] == ["rfd_another", OURS]


async def test_the_same_event_again_tells_the_same_again(endpoint: Endpoint) -> None:
    for _ in range(3):
        assert await endpoint.tell(event_of("refund.updated")) == 200
    assert endpoint.heard.news == [(OURS, GOOD)] * 3


@pytest.mark.parametrize(
    "event",
    [
        event_of("customer.created"),
        event_of("charge.refunded", {"id": "ch_1", "object": "charge"}),
        event_of("charge.refunded", {"id": "ch_1", "refunds": {"data": None}}),
        event_of("refund.updated", {**REFUND, "metadata": {}}),
        event_of("refund.updated", {**REFUND, "metadata": {"refund_request_id": "not ours"}}),
        event_of("refund.updated", {**REFUND, "metadata": {"refund_request_id": {"a": 1}}}),
        event_of("refund.updated", {**REFUND, "status": "teleported"}),
        event_of("refund.updated", {**REFUND, "amount": -1}),
        event_of("refund.updated", {**REFUND, "currency": "ugx"}),
        event_of("refund.updated", [REFUND]),
        {"object": "v2.core.event", "type": "refund.updated"},
        {"type": ["refund.updated"], "data": {"object": REFUND}},
        {},
    ],
)
async def test_what_is_not_about_a_refund_of_ours_is_heard_and_forgotten(endpoint: Endpoint, event: Any) -> None:
    assert await endpoint.tell(event) == 200
    assert endpoint.heard.news == []


@pytest.mark.parametrize("age_s", [-301, 301, 86_400, 1e9])
async def test_an_old_event_is_refused_and_one_from_the_future_too(endpoint: Endpoint, age_s: float) -> None:
    assert await endpoint.tell(event_of("refund.updated"), age_s=age_s) == 400
    assert endpoint.heard.news == []


@pytest.mark.parametrize("age_s", [-299, 0, 299])
async def test_clocks_may_differ_a_little(endpoint: Endpoint, age_s: float) -> None:
    assert await endpoint.tell(event_of("refund.updated"), age_s=age_s) == 200
    assert len(endpoint.heard.news) == 1


async def test_a_replayed_event_is_refused_when_its_time_is_over(endpoint: Endpoint) -> None:
    body = json.dumps(event_of("refund.updated"))
    header = WebhookSignature.generate_signature_header(body, SECRET, int(endpoint.clock.now().timestamp()))
    assert (await endpoint.send(body, header)).status_code == 200
    endpoint.clock.advance(301)
    assert (await endpoint.send(body, header)).status_code == 400
    assert len(endpoint.heard.news) == 1


async def test_a_signature_with_another_secret_is_refused(endpoint: Endpoint) -> None:
    assert await endpoint.tell(event_of("refund.updated"), secret="whsec_of_another_endpoint_of_theirs") == 400
    assert endpoint.heard.news == []


async def test_a_changed_body_or_time_is_refused(endpoint: Endpoint) -> None:
    now = int(endpoint.clock.now().timestamp())
    body = json.dumps(event_of("refund.updated"))
    header = WebhookSignature.generate_signature_header(body, SECRET, now)
    assert (await endpoint.send(body.replace("2500", "9500"), header)).status_code == 400
    assert (await endpoint.send(body + " ", header)).status_code == 400
    assert (await endpoint.send(body, header.replace(str(now), str(now + 1)))).status_code == 400
    assert (await endpoint.send(b"\xff\xfe", header)).status_code == 400
    assert endpoint.heard.news == []
    assert (await endpoint.send(body, header)).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "", "=", ",,,", "t=,v1=", "v1=abc", "t=1e9,v1=abc", "t={now}", "t={now},v1=é", "t={now},v0={good}",
        "t={now},t={now}", "t=-{now},v1={good}", "t=٣,v1={good}", "t={now}{now},v1={good}",
    ],
)  # fmt: skip
async def test_a_header_that_proves_nothing_is_refused(endpoint: Endpoint, header: str) -> None:
    body, now = json.dumps(event_of("refund.updated")), int(endpoint.clock.now().timestamp())
    good = WebhookSignature.generate_signature_header(body, SECRET, now).partition("v1=")[2]
    sent = header.format(now=now, good=good).encode("utf-8").decode("latin-1")
    answer = await endpoint.send(body, sent)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "malformed_body"
    assert endpoint.heard.news == []


async def test_while_a_secret_is_rolled_either_signature_will_do(endpoint: Endpoint) -> None:
    body, now = json.dumps(event_of("refund.updated")), int(endpoint.clock.now().timestamp())
    old = WebhookSignature.generate_signature_header(body, "whsec_the_one_before", now)
    new = WebhookSignature.generate_signature_header(body, SECRET, now).partition(",")[2]
    assert (await endpoint.send(body, f"{old},{new}")).status_code == 200
    assert len(endpoint.heard.news) == 1


async def test_signed_words_that_are_no_event_are_refused(endpoint: Endpoint) -> None:
    assert await endpoint.tell("not json") == 400
    assert await endpoint.tell("[]") == 400
    assert endpoint.heard.news == []


async def test_a_body_without_end_is_cut_off(endpoint: Endpoint) -> None:
    assert await endpoint.tell({**event_of("refund.updated"), "padding": "x" * 70_000}) == 413


async def test_what_could_not_be_settled_is_told_again_by_stripe(endpoint: Endpoint) -> None:
    endpoint.heard.trouble = RuntimeError("the database is gone")
    assert await endpoint.tell(event_of("refund.updated")) == 500
    endpoint.heard.trouble = None
    assert await endpoint.tell(event_of("refund.updated")) == 200
    assert endpoint.heard.news == [(OURS, GOOD)]


@pytest.mark.parametrize("limit", [2])
async def test_the_route_is_rate_limited(endpoint: Endpoint) -> None:
    answers = [await endpoint.tell({}, header="t=1,v1=0") for _ in range(3)]
    assert answers == [400, 400, 429]
