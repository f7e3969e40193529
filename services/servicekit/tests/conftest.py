"""The sample service as an app: real Postgres and Valkey, tokens of a test issuer."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from servicekit.app import create_app
from servicekit.context import Kit
from servicekit.kit import open_kit
from servicekit.settings import ServiceSettings
from servicekit.testing import TestIssuer, running
from servicekit.testing.sample.tools import Sample
from servicekit.tool_router import ToolBinding, tool_router

SAMPLE = "servicekit.testing.sample"


@dataclass
class Service:
    """A running sample: `client` calls it, `db` looks behind its back."""

    app: FastAPI
    client: httpx.AsyncClient
    kit: Kit
    db: "asyncpg.Connection[asyncpg.Record]"
    issuer: TestIssuer

    async def effects(self) -> int:
        """How many effects really happened."""
        count: int = await self.db.fetchval("SELECT count(*) FROM effects")
        return count


Serve = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture
def settings(database_url: Callable[[str | None], str], redis_url: str) -> ServiceSettings:
    return ServiceSettings(service="orders", environment="test", database_url=database_url(SAMPLE), redis_url=redis_url)


@pytest.fixture
def serve(settings: ServiceSettings, issuer: TestIssuer) -> Serve:
    """`async with serve(bindings) as service`; keyword arguments replace settings."""

    @asynccontextmanager
    async def start(bindings: list[ToolBinding] | None = None, **changes: object) -> AsyncIterator[Service]:
        changed = settings.model_copy(update=changes)
        app = create_app(
            settings=changed,
            title="Sample",
            routers=[tool_router(bindings or Sample().orders())],
            kit_factory=lambda given: open_kit(given, issuers=[issuer.trust]),
        )
        connection = await asyncpg.connect(settings.database_url)
        try:
            await connection.execute("TRUNCATE effects, idempotency")
            async with running(app) as client:
                yield Service(app, client, app.state.kit, connection, issuer)
        finally:
            await connection.close()

    return start
