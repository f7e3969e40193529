"""The tickets service on a real database with the demo shop in it."""

from collections.abc import AsyncIterator, Callable

import pytest

from servicekit.testing import FakeClock
from servicekit.testing.tool_client import ToolClient, tool_service
from tickets.app import build
from tickets.seed import seed
from tickets.settings import Settings


@pytest.fixture
def settings(database_url: Callable[[str], str], redis_url: str) -> Settings:
    return Settings(
        environment="test",
        database_url=database_url("tickets"),
        redis_url=redis_url,
        rate_limit_per_minute=1_000_000,
    )


@pytest.fixture
async def service(settings: Settings, clock: FakeClock) -> AsyncIterator[ToolClient]:
    async with tool_service(lambda kit: build(settings, kit_factory=kit), clock) as client:
        await seed(client.kit.db, clock)
        yield client


@pytest.fixture
async def down(settings: Settings, clock: FakeClock) -> AsyncIterator[ToolClient]:
    """The same service while nothing listens where its database should be."""
    nowhere = settings.model_copy(update={"database_url": "postgresql://aiguy:x@127.0.0.1:9/tickets"})
    async with tool_service(lambda kit: build(nowhere, kit_factory=kit), clock) as client:
        yield client


@pytest.fixture
async def hurried(settings: Settings, clock: FakeClock) -> AsyncIterator[ToolClient]:
    """The same service with a limit that is soon reached."""
    strict = settings.model_copy(update={"rate_limit_per_minute": 2})
    async with tool_service(lambda kit: build(strict, kit_factory=kit), clock) as client:
        yield client
