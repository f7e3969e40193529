"""What staff are told in Slack of a card that waits for them: order numbers, and nothing that tells who somebody is."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from contracts.tools.tickets import SLACK_POST_MESSAGE
from orchestrator.effects.metrics import TurnMetrics
from orchestrator.effects.scope import Collaborators
from orchestrator.jobs.promises import PromiseJobs
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.accept import Incoming, begin_at_once, masked
from orchestrator.journal.conversations import Conversations
from orchestrator.journal.entries import Codec
from orchestrator.journal.store import PgTurnJournal
from orchestrator.journal.vaulting import Vaults
from orchestrator.tools.build import build_tools
from orchestrator.tools.callbacks import Callbacks
from orchestrator.tools.testing import FakeToolService
from orchestrator.turn.budgets import Budgets
from orchestrator.turn.effects import AskApproval
from orchestrator.turn.inputs import EffectPreviewed, PlannedCall
from orchestrator.turn.state import TurnState
from servicekit.auth.claims import Caller, Role
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.crypto import Keyring
from servicekit.db.pool import Database
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.privacy import Finder
from servicekit.telemetry import Metrics

pytestmark = pytest.mark.service
ZOE = Caller("cust_zoe", Role.CUSTOMER, "shop", frozenset({"chat:send"}), 0, name="Zoe Quint")
ASKED = "Refund order ABC1234 of zoe.quint@mail.example, card 4111 1111 1111 1111, for Zoe Quint"
PLANTED = ("zoe.quint", "4111", "Zoe", "Quint")
CALL = PlannedCall(tool="approve_refund", arguments={"refund_request_id": "rfd_1"}, args_hash="1", label="", write=True)
DIGEST = "d" * 64


@dataclass
class Office:
    """A team's Slack, and the promises that are kept towards it."""

    slack: FakeToolService
    world: Collaborators
    conversations: Conversations
    codec: Codec

    @property
    def promises(self) -> PromiseJobs:
        return PromiseJobs(self.world, self.conversations, self.codec, JobQueue(), "refunds")

    async def asked(self, summary: str = ASKED) -> str:
        """A turn of Zoe's that waits for staff, as its engine leaves it."""
        database, vaults = self.world.database, self.world.vaults
        async with database.primary() as db:
            conversation_id = await self.conversations.create(db, ZOE, "web")
            conversation = await self.conversations.owned(db, conversation_id, ZOE)
            message = masked(Incoming(summary, "one", "req", 1_000), conversation, vaults.of(conversation))
            begun = await begin_at_once(db, conversation, message, Budgets(), self.codec)
        assert begun is not None
        vault = vaults.of(conversation)
        preview = EffectPreviewed(
            summary=vault.mask(summary), digest=DIGEST, money_moved=None, approvals=1, policy="R2",
            expires_at_ms=int(time.time() * 1000) + 600_000, reasons=(vault.mask(f"Asked: {summary}"),),
        )  # fmt: skip
        journal = PgTurnJournal(database, conversation, begun.turn_id, self.codec, JobQueue(), vault)
        await journal.append(1, [], TurnState(), AskApproval(CALL, preview, 1))
        return begun.turn_id


@pytest.fixture
async def office(database_url: Callable[[str], str], finder: Finder) -> AsyncIterator[Office]:
    database, http, metrics, clock = (
        await Database.connect(database_url("orchestrator"), size=4), AiohttpClient(), Metrics(), SystemClock(),
    )  # fmt: skip
    posted = {"slack_post_message": {"message_id": "m1", "queued_at": "2026-03-02T09:30:00Z"}}
    slack = FakeToolService.of("tickets", [SLACK_POST_MESSAGE], posted)
    keyring, unused = Keyring.generate(), cast(Any, None)
    async with slack.running():
        tools = build_tools(
            urls={"tickets": slack.url}, http=http, minter=TokenMinter(KeySet.generate(), "orchestrator", clock),
            metrics=metrics, clock=clock, callbacks=Callbacks(b"k" * 32, clock),
        )  # fmt: skip
        await tools.catalog.refresh()
        world = Collaborators(
            brain=unused, offline=unused, catalog=tools.catalog, gateway=tools.gateway, memory=unused,
            vaults=Vaults(finder), publisher=unused, database=database, scheduler=unused, phrases=unused,
            standing=unused, escalation=unused, output=unused, languages=unused, topics={},
            metrics=TurnMetrics(metrics), clock=clock, confirmation_ttl_s=1, approval_ttl_s=1,
        )  # fmt: skip
        yield Office(slack, world, Conversations(keyring, keyring.derive("subject-hash")), Codec())
    await http.close()
    await database.close()


@pytest.mark.parametrize("reminder", [False, True])
async def test_a_notice_holds_order_numbers_and_no_personal_data(office: Office, reminder: bool) -> None:
    turn_id = await office.asked()
    assert await office.promises.tell_staff(turn_id, DIGEST, reminder=reminder)
    (call,) = office.slack.calls
    text = call.arguments["text"]
    assert "Refund order ABC1234 of <email>, card <card>, for <name>" in text
    assert [word for word in PLANTED if word in call.body.decode()] == []
