"""Shopify's token is fetched once for all and renewed in time, and its bucket of points is respected."""

import asyncio
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from orders.backends.shopify_api import ShopifyApi
from orders.backends.shopify_budget import CostBudget
from orders.backends.shopify_documents import FIND_STATUS
from orders.backends.shopify_token import ClientCredentials
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.http.remote import RemoteApi, RemoteFailure
from servicekit.testing import FakeClock
from servicekit.testing.faulty import Fault

from . import fake_shopify
from .shops import PATIENCE_S, ShopServer

pytestmark = pytest.mark.service
SEARCH = {"search": "customer_id:26"}
TOKEN = "POST /admin/oauth/access_token"


@dataclass
class Shop:
    """The client of the served shop, with a clock that moves when it sleeps."""

    api: ShopifyApi
    slept: list[float] = field(default_factory=list)

    async def ask(self) -> int:
        """How many orders a look-up finds."""
        return len((await self.api.run("FindStatus", FIND_STATUS, SEARCH))["orders"]["nodes"])


@pytest.fixture
def shop(shopify: ShopServer, http: AiohttpClient, clock: FakeClock) -> Shop:
    return shop_with(fake_shopify.SECRET, shopify, http, clock)


def shop_with(secret: str, shopify: ShopServer, http: AiohttpClient, clock: FakeClock) -> Shop:
    url, slept = shopify.changed["shopify_url"], []
    keys = ClientCredentials(url, http, fake_shopify.CLIENT_ID, SecretStr(secret), clock, timeout_s=PATIENCE_S)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(seconds)

    api = ShopifyApi(RemoteApi("shopify", url, http, keys, PATIENCE_S), fake_shopify.VERSION, CostBudget(clock), sleep)
    return Shop(api, slept)


async def failure_of(shop: Shop) -> RemoteFailure:
    with pytest.raises(RemoteFailure) as failed:
        await shop.ask()
    return failed.value


async def test_many_calls_at_once_fetch_one_token(shop: Shop, shopify: ShopServer) -> None:
    assert await asyncio.gather(*(shop.ask() for _ in range(20))) == [2] * 20
    assert shopify.faults.seen.count(TOKEN) == 1


async def test_a_token_is_kept_for_its_life_and_renewed_before_its_end(
    shop: Shop, shopify: ShopServer, clock: FakeClock
) -> None:
    await shop.ask()
    clock.advance(86_399 - 301)
    await shop.ask()
    assert len(shopify.fake.tokens) == 1
    clock.advance(2)
    await shop.ask()
    assert len(shopify.fake.tokens) == 2


async def test_a_token_that_was_withdrawn_is_renewed_once_for_all(
    shop: Shop, shopify: ShopServer, clock: FakeClock
) -> None:
    await shop.ask()
    clock.advance(60)
    shopify.fake.revoked.update(shopify.fake.tokens)
    assert await asyncio.gather(*(shop.ask() for _ in range(10))) == [2] * 10
    assert len(shopify.fake.tokens) == 2


async def test_a_shop_that_refuses_each_token_is_not_asked_for_ever(
    shop: Shop, shopify: ShopServer, clock: FakeClock
) -> None:
    await shop.ask()
    clock.advance(60)
    shopify.faults.next(Fault.status(401), Fault(runs=False, code=200, body=b'{"access_token":"x","expires_in":86399}'))
    assert (await failure_of(shop)).kind == "unauthorised"
    assert shopify.faults.seen.count(TOKEN) == 2


async def test_wrong_credentials_are_for_our_operators(
    shopify: ShopServer, http: AiohttpClient, clock: FakeClock
) -> None:
    failure = await failure_of(shop_with("wrong", shopify, http, clock))
    assert (failure.kind, failure.status) == ("unauthorised", 400)


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"access_token": "x"}', b'{"access_token": "x", "expires_in": "?"}', b""]
)
async def test_an_answer_that_is_no_token_is_garbage(shop: Shop, shopify: ShopServer, body: bytes) -> None:
    shopify.faults.next(Fault(200, body=body))
    assert (await failure_of(shop)).kind == "garbage"
    assert await shop.ask() == 2


async def test_an_empty_bucket_is_rate_limited_with_the_time_to_wait(shop: Shop, shopify: ShopServer) -> None:
    shopify.fake.available, shopify.fake.cost = 10.0, 120.0
    failure = await failure_of(shop)
    assert failure.kind == "rate_limited"
    # 110 points are missing, and 100 come back each second.
    assert failure.retry_after_s == pytest.approx(1.1)


async def test_while_points_are_missing_nothing_is_sent(shop: Shop, shopify: ShopServer) -> None:
    shopify.fake.available, shopify.fake.cost = 10.0, 120.0
    await failure_of(shop)
    sent = len(shopify.faults.seen)
    failure = await failure_of(shop)
    assert (failure.kind, failure.code) == ("rate_limited", "budget")
    assert len(shopify.faults.seen) == sent


async def test_a_short_wait_for_points_is_waited(shop: Shop, shopify: ShopServer) -> None:
    shopify.fake.available, shopify.fake.cost = 90.0, 120.0
    await failure_of(shop)
    shopify.fake.available = 2000.0
    assert await shop.ask() == 2
    assert shop.slept == [pytest.approx(0.3)]


async def test_calls_on_their_way_are_counted(clock: FakeClock) -> None:
    budget = CostBudget(clock)
    status = {"maximumAvailable": 100.0, "currentlyAvailable": 100.0, "restoreRate": 10.0}
    budget.learn("A", {"cost": {"requestedQueryCost": 60, "throttleStatus": status}})
    budget.spend("A")
    assert budget.wait_s("A") == pytest.approx(2.0)
    clock.advance(1)
    assert budget.wait_s("A") == pytest.approx(1.0)
    clock.advance(100)
    assert budget.wait_s("A") == 0


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("THROTTLED", "rate_limited"), ("ACCESS_DENIED", "unauthorised"), ("TIMEOUT", "timeout"),
        ("SHOP_INACTIVE", "unavailable"), ("INTERNAL_SERVER_ERROR", "unavailable"),
    ],
)  # fmt: skip
async def test_each_error_of_a_query_has_its_kind(shop: Shop, shopify: ShopServer, code: str, kind: str) -> None:
    shopify.fake.error_code = code
    failure = await failure_of(shop)
    assert (failure.kind, failure.code) == (kind, code)
    assert (failure.retry_after_s is not None) == (kind == "rate_limited")
    assert "upstream words" not in str(failure)
