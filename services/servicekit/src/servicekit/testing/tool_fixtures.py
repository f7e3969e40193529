"""The fixtures that tests of every tool service use, made from what differs. In a service's conftest.py:

settings, service, down, hurried, api = tool_fixtures(ServiceUnderTest(Family.ORDERS, Settings, build, seed))
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
from fastapi import FastAPI

from contracts.tool import Family
from servicekit.app import KitFactory
from servicekit.clock import Clock
from servicekit.db.pool import Database
from servicekit.db.seeding import run_seed
from servicekit.settings import ServiceSettings
from servicekit.testing.clock import FakeClock
from servicekit.testing.fuzz import UNHURRIED, Fuzzed, fuzzed
from servicekit.testing.issuer import TestIssuer
from servicekit.testing.tool_client import ToolClient, kit_with, tool_service


class Build(Protocol):
    """The test door of a composition root."""

    def __call__(self, settings: Any, *, kit_factory: KitFactory | None = None) -> FastAPI:
        """The app."""
        ...


@dataclass(frozen=True, slots=True)
class ServiceUnderTest:
    """What differs between tool services; the family's name is the package's."""

    family: Family
    settings: type[ServiceSettings]
    build: Build
    seed: Callable[[Database, Clock | None], Awaitable[None]]

    def app(self, settings: ServiceSettings, kit: KitFactory) -> FastAPI:
        """The app with a test's kit."""
        return self.build(settings, kit_factory=kit)

    def configured(self, database_url: Callable[[str], str], redis_url: str, master_key_file: Path) -> ServiceSettings:
        """Settings for the test servers."""
        package = self.family.value
        return self.settings(
            service=package,
            environment="test",
            database_url=database_url(package),
            redis_url=redis_url,
            master_key_file=master_key_file,
        )


def tool_fixtures(tested: ServiceUnderTest) -> tuple[Any, ...]:
    """`settings`, `service` (seeded), `down` (no database), `hurried` (2 calls a minute), `api` (property tests)."""

    @pytest.fixture
    def settings(database_url: Callable[[str], str], redis_url: str, master_key_file: Path) -> ServiceSettings:
        return tested.configured(database_url, redis_url, master_key_file)

    @pytest.fixture
    async def service(settings: ServiceSettings, clock: FakeClock) -> AsyncIterator[ToolClient]:
        async with tool_service(partial(tested.app, settings), clock) as client:
            await tested.seed(client.kit.db, clock)
            if (sealing := getattr(client.app.state, "sealing", None)) is not None:
                await sealing.seal_all()  # what the demo shop's rows have in clear
            yield client

    @pytest.fixture
    async def down(settings: ServiceSettings, clock: FakeClock) -> AsyncIterator[ToolClient]:
        nowhere = settings.model_copy(update={"database_url": "postgresql://aiguy:x@127.0.0.1:9/nothing"})
        async with tool_service(partial(tested.app, nowhere), clock) as client:
            yield client

    @pytest.fixture
    async def hurried(settings: ServiceSettings, clock: FakeClock) -> AsyncIterator[ToolClient]:
        strict = settings.model_copy(update={"rate_limit_per_minute": 2})
        async with tool_service(partial(tested.app, strict), clock) as client:
            yield client

    @pytest.fixture(scope="module")
    def api(database_url: Callable[[str], str], redis_url: str, master_key_file: Path) -> Iterator[Fuzzed]:
        configured, issuer = tested.configured(database_url, redis_url, master_key_file), TestIssuer.create()
        settings = configured.model_copy(update={"rate_limit_per_minute": UNHURRIED})
        run_seed(settings, lambda db: tested.seed(db, None))
        with fuzzed(tested.app(settings, kit_with(issuer)), issuer, tested.family) as running:
            yield running

    return settings, service, down, hurried, api
