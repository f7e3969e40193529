"""Tool services: nobody reads or changes what is somebody else's, whichever role they come in."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import billing.app
import billing.seed
import billing.settings
import orders.app
import orders.seed
import orders.settings
import retrieval.app
import retrieval.settings
import tickets.app
import tickets.seed
import tickets.settings
from servicekit.embedding import Embedder
from servicekit.testing import FakeClock, TestIssuer
from servicekit.testing.tool_client import ToolClient, tool_service

from . import tool_things
from .callers import Tokens
from .table import Object, endpoints, nameless, routes
from .trying import Trial

pytestmark = pytest.mark.service
Things = Callable[[ToolClient], Awaitable[list[Object]]]
WAYS_OUT = {
    "smtp_host": "127.0.0.1", "smtp_port": 9, "smtp_tls": "none", "mail_from": "support@shop.example",
    "slack_bot_token": "xoxb-1", "slack_channels": "support", "slack_api_url": "http://127.0.0.1:9/api",
    "outbox_poll_s": 3600, "tickets_sla_every_s": 3600,
}  # fmt: skip
SERVICES: dict[str, tuple[Any, Any, Any, Things, dict[str, Any]]] = {
    "orders": (orders.settings.Settings, orders.app.build, orders.seed.seed, tool_things.of_orders, {}),
    "billing": (billing.settings.Settings, billing.app.build, billing.seed.seed, tool_things.of_billing, {}),
    "tickets": (tickets.settings.Settings, tickets.app.build, tickets.seed.seed, tool_things.of_tickets, WAYS_OUT),
    "retrieval": (retrieval.settings.Settings, retrieval.app.build, None, tool_things.of_retrieval, {}),
}


@pytest.fixture(scope="module")
def embedder() -> Iterator[Embedder]:
    loaded = Embedder.load()
    yield loaded
    loaded.close()


@pytest.mark.parametrize("name", SERVICES)
async def test_nobody_reaches_what_is_somebody_elses(
    name: str, database_url: Callable[[str], str], redis_url: str, master_key_file: Path, tmp_path: Path,
    embedder: Embedder,
) -> None:  # fmt: skip
    told_by, build, seed, things_of, more = SERVICES[name]
    if name == "retrieval":
        more = {"index_dir": tmp_path / "index", "refresh_interval_s": 600, "deepening": False}
        build = partial(build, embedder=embedder)
    settings = told_by(
        service=name, environment="test", database_url=database_url(name), redis_url=redis_url,
        master_key_file=master_key_file, rate_limit_per_minute=1_000_000, **more,
    )  # fmt: skip
    clock = FakeClock(datetime.now(UTC))
    async with tool_service(lambda kit: build(settings, kit_factory=kit), clock) as client:
        if seed is not None:
            await seed(client.kit.db, clock)
            if (sealing := getattr(client.app.state, "sealing", None)) is not None:
                await sealing.seal_all()
        table = endpoints(name)
        assert sorted(routes(client.app)) == sorted(nameless(str(one)) for one in table)
        tokens = Tokens(name, client.issuer, TestIssuer.create("other-shop"), TestIssuer.create())
        trial = Trial(
            client.http, settings.database_url, tokens, await things_of(client), granting=tool_things.Grants(client)
        )
        tried = await trial.run(table)
    assert trial.failures == [], "\n".join(trial.failures[:20])
    print(f"{name}: {tried} calls")
