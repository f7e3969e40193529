"""The orders service on a real database with the demo shop in it, and over shop systems that are servers of ours."""

from collections.abc import AsyncIterator, Iterator

import pytest

from contracts.tool import Family
from orders.app import build
from orders.seed import seed
from orders.settings import Settings
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.testing import FakeClock
from servicekit.testing.tool_client import ToolClient, tool_service
from servicekit.testing.tool_fixtures import ServiceUnderTest, tool_fixtures

from .shops import PATIENCE_S, ShopServer, serve_shopify, serve_woocommerce

settings, service, down, hurried, api = tool_fixtures(ServiceUnderTest(Family.ORDERS, Settings, build, seed))


@pytest.fixture
def woocommerce(clock: FakeClock) -> Iterator[ShopServer]:
    with serve_woocommerce(clock) as server:
        yield server


@pytest.fixture
def shopify(clock: FakeClock) -> Iterator[ShopServer]:
    with serve_shopify(clock) as server:
        yield server


@pytest.fixture(params=["woocommerce", "shopify"])
def shop(request: pytest.FixtureRequest) -> ShopServer:
    """Each of the shop systems."""
    found: ShopServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def patience_s() -> float:
    """How long the service waits for the shop."""
    return PATIENCE_S


@pytest.fixture
async def over_shop(
    shop: ShopServer, settings: Settings, clock: FakeClock, patience_s: float
) -> AsyncIterator[ToolClient]:
    """The service over that shop."""
    over = shop.settings(settings, patience_s)
    async with tool_service(lambda kit: build(over, kit_factory=kit), clock) as client:
        yield client


@pytest.fixture
async def http() -> AsyncIterator[AiohttpClient]:
    client = AiohttpClient()
    yield client
    await client.close()
