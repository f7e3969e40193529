"""What staff are told in Slack of a card that waits for them: order numbers, and nothing that tells who somebody is."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from contracts.tools.tickets import SLACK_POST_MESSAGE
from orchestrator.effects.scope import Collaborators
from orchestrator.jobs.promises import PromiseJobs
from orchestrator.jobs.queue import JobQueue
from orchestrator.jobs.testing import backstage
from orchestrator.journal.accept import Incoming, begin_at_once, masked
from orchestrator.journal.conversations import Conversations
from orchestrator.journal.entries import Codec
from orchestrator.journal.store import PgTurnJournal
from orchestrator.tools.testing import FakeToolService
from orchestrator.turn.budgets import Budgets
from orchestrator.turn.effects import AskApproval
from orchestrator.turn.inputs import EffectPreviewed, PlannedCall
from orchestrator.turn.state import TurnState
from servicekit.auth.claims import Caller, Role
from servicekit.privacy import Finder

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
    posted = {"slack_post_message": {"message_id": "m1", "queued_at": "2026-03-02T09:30:00Z"}}
    slack = FakeToolService.of("tickets", [SLACK_POST_MESSAGE], posted)
    async with backstage(database_url("orchestrator"), finder, slack) as behind:
        yield Office(slack, behind.world, behind.conversations, Codec())


@pytest.mark.parametrize("reminder", [False, True])
async def test_a_notice_holds_order_numbers_and_no_personal_data(office: Office, reminder: bool) -> None:
    turn_id = await office.asked()
    assert await office.promises.tell_staff(turn_id, DIGEST, reminder=reminder)
    (call,) = office.slack.calls
    text = call.arguments["text"]
    assert "Refund order ABC1234 of <email>, card <card>, for <name>" in text
    assert [word for word in PLANTED if word in call.body.decode()] == []
