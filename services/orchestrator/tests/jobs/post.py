"""A shop that promises answers by e-mail, for the tests of its jobs."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from prometheus_client import Counter

from contracts.tools.tickets import EMAIL_ANSWER
from contracts.turn import Citation, Outcome
from orchestrator.channels.email.channel import EmailChannel
from orchestrator.jobs.mailing import MailJobs
from orchestrator.jobs.queue import JobQueue
from orchestrator.jobs.testing import backstage
from orchestrator.journal.accept import Accepted, Incoming, accept_message, begin_at_once, masked
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.entries import Codec
from orchestrator.journal.mailing import leave_address
from orchestrator.journal.store import PgTurnJournal
from orchestrator.tools.testing import FakeToolService
from orchestrator.turn.budgets import Budgets
from orchestrator.turn.effects import AskConfirmation, Finish
from orchestrator.turn.inputs import Drafted, EffectPreviewed, PlannedCall
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import fold
from orchestrator.turn.state import TurnState
from servicekit.auth.claims import Caller, Role
from servicekit.db.pool import Database
from servicekit.privacy import Finder

ADA = Caller("cust_ada", Role.CUSTOMER, "shop", frozenset({"chat:send"}), 0, email="ada@example.com", name="Ada")
GUS = Caller("guest_0123456789abcdef", Role.GUEST, "shop", frozenset({"chat:send"}), 0)
ANSWERED = Finish(Outcome.ANSWERED, "It is on its way.", citations=(Citation(
    chunk_id="c1", title="Delivery", url="https://shop.example/delivery", quote="Three days."),
))  # fmt: skip
CHANNEL = EmailChannel(("support@shop.example",), "shop", b"k" * 32)
SENT = {"message_id": "m1", "queued_at": "2026-03-02T09:30:00Z"}


@dataclass
class Post:
    """A shop that promises answers by e-mail, and the service that sends them."""

    tickets: FakeToolService
    mails: MailJobs
    conversation: Conversation

    @property
    def database(self) -> Database:
        return self.mails.world.database

    async def by(self, caller: Caller) -> None:
        """From now on it is this caller who writes, in a conversation of their own."""
        conversations = self.mails.conversations
        async with self.database.primary() as db:
            begun = await conversations.create(db, caller, "web")
            self.conversation = await conversations.owned(db, begun, caller)

    async def says_a_guest(self, text: str, address: str = "gus@example.org", **told: Any) -> str:
        """A guest's message, with an address for its answer; its turn. `told` as the message itself has it."""
        await self.by(GUS)
        turn_id = (await self.say(text, **told)).turn_id
        async with self.database.primary() as db:
            await leave_address(db, self.conversation, turn_id, address)
        return turn_id

    async def with_staff(self) -> str | None:
        """Why this conversation is in the queue of staff; None when the assistant answers."""
        async with self.database.primary() as db:
            row = await db.fetchrow(
                "SELECT answering, staff_reason FROM conversations WHERE id = $1", self.conversation.id
            )
        return row["staff_reason"] if row["answering"] == "staff" else None

    async def left(self, turn_id: str) -> tuple[str, bool]:
        """What is noted of the mail of a turn, and whether an address is kept for it."""
        async with self.database.primary() as db:
            row = await db.fetchrow("SELECT by_mail, mail_to IS NOT NULL AS kept FROM turns WHERE id = $1", turn_id)
        return row["by_mail"], row["kept"]

    async def say(
        self, text: str = "Where is my parcel?", key: str = "one", *, by_mail: bool = True, **told: Any
    ) -> Accepted:
        vault = self.mails.world.vaults.of(self.conversation)
        message = replace(masked(Incoming(text, key, "req", 1_000), self.conversation, vault), **told)
        given = (self.conversation, message, Budgets(), self.mails.codec)
        async with self.database.primary() as db:
            accepted = await begin_at_once(db, *given, by_mail=by_mail)
        if accepted is None:
            async with self.database.transaction() as db:
                await db.execute("SELECT FROM conversations WHERE id = $1 FOR UPDATE", self.conversation.id)
                accepted = await accept_message(db, *given, by_mail=by_mail)
        return accepted

    def journal(self, turn_id: str, *, by_mail: bool = True) -> PgTurnJournal:
        vault = self.mails.world.vaults.of(self.conversation)
        return PgTurnJournal(
            self.database, self.conversation, turn_id, self.mails.codec, JobQueue(), vault, by_mail=by_mail
        )

    async def end(self, turn_id: str, finish: Finish = ANSWERED) -> None:
        journal = self.journal(turn_id)
        recorded = await journal.load()
        state = fold((one.turn_input, one.at_ms) for one in recorded).state
        await journal.append(len(recorded), [Recorded(Drafted(text=finish.text), 1)], state, finish)

    async def ask(self, turn_id: str) -> None:
        call = PlannedCall(tool="issue_refund", arguments={}, args_hash="1", label="", write=True)
        preview = EffectPreviewed(
            summary="Refund 5.00 USD of order ABC123",
            digest="d" * 64,
            money_moved=None,
            expires_at_ms=1_900_000_000_000,
        )
        await self.journal(turn_id).append(1, [], TurnState(), AskConfirmation(call, preview))

    def counted(self, state: str) -> float:
        return self.mails.mails.labels(state)._value.get()

    async def jobs(self, turn_id: str) -> list[tuple[str, int]]:
        async with self.database.primary() as db:
            found = await db.fetch(
                "SELECT entrypoint, priority FROM pgqueuer WHERE payload = $1 ORDER BY id", turn_id.encode()
            )
        return [(row["entrypoint"], row["priority"]) for row in found]


@pytest.fixture
async def post(database_url: Callable[[str], str], finder: Finder) -> AsyncIterator[Post]:
    tickets = FakeToolService.of("tickets", [EMAIL_ANSWER], {"email_answer": SENT})
    async with backstage(database_url("orchestrator"), finder, tickets) as behind:
        world, conversations = behind.world, behind.conversations
        async with world.database.primary() as db:
            conversation = await conversations.owned(db, await conversations.create(db, ADA, "web"), ADA)
        counter = Counter("mails", "", ["state"], registry=None)
        mailed = MailJobs(world, conversations, Codec(), "Harbour", counter, JobQueue(), behind.services)
        yield Post(tickets, mailed, conversation)
