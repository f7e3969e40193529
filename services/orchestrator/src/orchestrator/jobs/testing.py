"""For tests: what jobs work with when no Brain is asked, on a real Postgres and with one tool service of the tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from orchestrator.colleagues import ServiceCalls
from orchestrator.effects.metrics import TurnMetrics
from orchestrator.effects.phrases import load_phrases
from orchestrator.effects.scope import Collaborators
from orchestrator.handover.policy import HoursPolicy, load_hours
from orchestrator.journal.conversations import Conversations
from orchestrator.journal.vaulting import Vaults
from orchestrator.memory.short_term import NOTHING_YET
from orchestrator.tools.build import build_tools
from orchestrator.tools.callbacks import Callbacks
from orchestrator.tools.testing import FakeToolService
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.crypto import Keyring
from servicekit.db.pool import Database
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.language import LanguageDetector
from servicekit.privacy import Finder
from servicekit.telemetry import Metrics


@dataclass(frozen=True, slots=True)
class Backstage:
    """`world` has no Brain, no stream, no scheduler and no guards: what a job does not need is not there."""

    world: Collaborators
    conversations: Conversations
    services: ServiceCalls


class _Forgetful:
    """A memory that holds nothing."""

    async def recall(self, *_: object) -> Any:
        return NOTHING_YET


@asynccontextmanager
async def backstage(
    database_url: str, finder: Finder, tickets: FakeToolService, hours: HoursPolicy | None = None
) -> AsyncIterator[Backstage]:
    """While it is open, `tickets` runs and its manifest has been read; the queue of jobs was empty at first."""
    database, http, metrics, clock = (
        await Database.connect(database_url, size=4), AiohttpClient(), Metrics(), SystemClock(),
    )  # fmt: skip
    keyring, minter, unused = Keyring.generate(), TokenMinter(KeySet.generate(), "orchestrator", clock), cast(Any, None)
    try:
        async with tickets.running():
            tools = build_tools(
                urls={"tickets": tickets.url}, http=http, minter=minter, metrics=metrics, clock=clock,
                callbacks=Callbacks(b"k" * 32, clock),
            )  # fmt: skip
            await tools.catalog.refresh()
            async with database.primary() as db:
                await db.execute("DELETE FROM pgqueuer")
            world = Collaborators(
                brain=unused, offline=unused, catalog=tools.catalog, gateway=tools.gateway, vaults=Vaults(finder),
                memory=cast(Any, _Forgetful()), publisher=unused, database=database, scheduler=unused,
                phrases=load_phrases(), standing=unused, escalation=unused, output=unused, topics={},
                languages=LanguageDetector.load(), metrics=TurnMetrics(metrics), clock=clock, confirmation_ttl_s=1,
                approval_ttl_s=1, hours=hours or load_hours(),
            )  # fmt: skip
            conversations = Conversations(keyring, keyring.derive("subject-hash"))
            yield Backstage(world, conversations, ServiceCalls({"tickets": tickets.url}, http, minter))
    finally:
        await http.close()
        await database.close()
