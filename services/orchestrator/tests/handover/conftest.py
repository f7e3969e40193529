"""A shop with opening hours, a mail server and a Slack channel, on a real Postgres; its clock stands still."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import jwt
import pytest
from prometheus_client import Counter

from contracts.tools.tickets import EMAIL_ANSWER, SLACK_POST_MESSAGE
from contracts.turn import Answering
from orchestrator.channels.email.channel import EmailChannel
from orchestrator.handover.keeper import HandOverKeeper
from orchestrator.handover.policy import HoursPolicy, load_hours
from orchestrator.handover.store import HandOver, leave_answer_address, open_hand_over
from orchestrator.jobs.mailing import MailJobs
from orchestrator.jobs.promises import PromiseJobs
from orchestrator.jobs.queue import JobQueue
from orchestrator.jobs.testing import backstage
from orchestrator.journal.accept import Incoming, begin_at_once, masked
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.entries import Codec
from orchestrator.journal.staff import StaffMessage, say
from orchestrator.journal.store import PgTurnJournal
from orchestrator.tools.testing import FakeToolService
from orchestrator.turn.budgets import Budgets
from orchestrator.turn.effects import Finish
from orchestrator.turn.inputs import HandedOff
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import fold
from servicekit.auth.claims import Caller, Role
from servicekit.db.pool import Database
from servicekit.privacy import Finder
from servicekit.testing import FakeClock

ADA = Caller("cust_ada", Role.CUSTOMER, "shop", frozenset({"chat:send"}), 0, email="ada@example.com", name="Ada")
GUS = Caller("guest_0123456789abcdef", Role.GUEST, "shop", frozenset({"chat:send"}), 0)
#: A Monday in New York: 04:00, and 10:00.
NIGHT, DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC), datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
CHANNEL = EmailChannel(("support@shop.example",), "shop", b"k" * 32)
SENT = {"message_id": "m1", "queued_at": "2026-03-02T09:30:00Z"}


@dataclass
class Shop:
    """`clock` is that of the sweeps; rows that the database dates are moved to it."""

    tickets: FakeToolService
    mails: MailJobs
    promises: PromiseJobs
    clock: FakeClock
    keeper: HandOverKeeper
    hours: HoursPolicy

    @property
    def database(self) -> Database:
        return self.mails.world.database

    async def hands_over(self, caller: Caller, at: datetime, channel: str = "web") -> Conversation:
        """A conversation that is handed over at that time."""
        conversations, world = self.mails.conversations, self.mails.world
        async with self.database.primary() as db:
            conversation = await conversations.owned(db, await conversations.create(db, caller, channel), caller)
            message = masked(
                Incoming("I want to talk to a person", "one", "req", 1_000, wants_human=True),
                conversation, world.vaults.of(conversation),
            )  # fmt: skip
            begun = await begin_at_once(db, conversation, message, Budgets(), self.mails.codec)
        assert begun is not None
        journal = PgTurnJournal(
            self.database, conversation, begun.turn_id, self.mails.codec, JobQueue(), world.vaults.of(conversation)
        )
        known = await journal.load()
        recorded = Recorded(HandedOff(ticket_number="HP-1", text="A person comes."), 2_000)
        step = fold((one.turn_input, one.at_ms) for one in [*known, recorded])
        closing = next(one for one in step.effects if isinstance(one, Finish))
        await journal.append(len(known), [recorded], step.state, closing)
        async with self.database.primary() as db:
            await db.execute("UPDATE turns SET created_at = $2 WHERE conversation_id = $1", conversation.id, at)
            await db.execute(
                "UPDATE hand_overs SET asked_at = $2, look_at = $2 WHERE conversation_id = $1", conversation.id, at
            )
        return replace(conversation, answering=Answering.STAFF)

    async def leave(self, conversation: Conversation, address: str = "gus@example.org") -> None:
        async with self.database.transaction() as db:
            await leave_answer_address(db, conversation, address)

    async def say(self, conversation: Conversation, text: str) -> int:
        """What staff say; its place in the thread."""
        async with self.database.transaction() as db:
            vault = await self.mails.world.vaults.opened(db, conversation)
            return (await say(db, conversation, vault, StaffMessage(f"m-{text}", text, "kim"))).place

    async def sweep(self, at: datetime) -> None:
        """What is due by that time."""
        self.clock.advance((at - self.clock.now()).total_seconds())
        await self.keeper.sweep()

    async def state(self, conversation: Conversation) -> HandOver:
        async with self.database.primary() as db:
            found = await open_hand_over(db, conversation.id)
        assert found is not None
        return found

    async def jobs(self, *kinds: str) -> list[tuple[str, bytes]]:
        async with self.database.primary() as db:
            rows = await db.fetch(
                "SELECT entrypoint, payload FROM pgqueuer WHERE entrypoint = ANY ($1) ORDER BY id", list(kinds)
            )
        return [(row["entrypoint"], row["payload"]) for row in rows]

    def mailed(self) -> list[tuple[str, str, str]]:
        """To whom, what, and under which key."""
        found = []
        for call in self.tickets.calls:
            if "body" in call.arguments:
                bearer = call.headers["authorization"].removeprefix("Bearer ")
                token = jwt.decode(bearer, options={"verify_signature": False})
                found.append((token["email"], call.arguments["body"], call.headers["idempotency-key"]))
        return found

    def posted(self) -> list[str]:
        """What staff were told in Slack."""
        return [call.arguments["text"] for call in self.tickets.calls if "text" in call.arguments]


@pytest.fixture(scope="session")
def hours() -> HoursPolicy:
    """Those that ship: New York, 8 to 20 on a Monday; told after 5 minutes, late after 60."""
    return load_hours()


@pytest.fixture
async def shop(database_url: Callable[[str], str], finder: Finder, hours: HoursPolicy) -> AsyncIterator[Shop]:
    tickets = FakeToolService.of(
        "tickets", [EMAIL_ANSWER, SLACK_POST_MESSAGE], {"email_answer": SENT, "slack_post_message": SENT}
    )
    async with backstage(database_url("orchestrator"), finder, tickets, hours) as behind:
        world, conversations, database = behind.world, behind.conversations, behind.world.database
        async with database.primary() as db:
            await db.execute("UPDATE hand_overs SET look_at = NULL")
        counter, clock = Counter("mails", "", ["state"], registry=None), FakeClock(NIGHT)
        mails = MailJobs(world, conversations, Codec(), "Harbour", counter, JobQueue(), behind.services, CHANNEL)
        promises = PromiseJobs(world, conversations, Codec(), JobQueue(), "support")
        told = Counter("told", "", ["moment"], registry=None)
        keeper = HandOverKeeper(database, clock, hours, JobQueue(), told)
        yield Shop(tickets, mails, promises, clock, keeper, hours)
