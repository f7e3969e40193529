"""A turn that begins where it was accepted: leased, renewed, and found again when its process is gone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from orchestrator.jobs.here import LEASE_S, TurnsHere
from orchestrator.jobs.room import Room
from orchestrator.jobs.turns import CLAIM
from orchestrator.jobs.worker import enqueue_orphans
from orchestrator.journal.accept import Accepted, Begun, Incoming, begin_at_once, masked
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.entries import Codec, load_entries
from orchestrator.journal.vaulting import Vaults
from orchestrator.turn.budgets import Budgets
from servicekit.auth.claims import Caller, Role
from servicekit.crypto import Keyring
from servicekit.db.pool import Database
from servicekit.privacy import Finder
from servicekit.testing import eventually

pytestmark = pytest.mark.service
ADA = Caller("cust_ada", Role.CUSTOMER, "shop", frozenset({"chat:send"}), 0)


@dataclass
class Held:
    """Turns that run until they are let go, or fail."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    ran: list[str] = field(default_factory=list)
    went_on: list[str] = field(default_factory=list)
    broken_off: list[str] = field(default_factory=list)
    failing: bool = False

    async def run_begun(self, begun: Begun) -> float | None:
        await self.go.wait()
        if self.failing:
            raise RuntimeError("the database went away")
        self.ran.append(begun.turn_id)
        return 0.0

    async def run(self, turn_id: str) -> float | None:
        await self.go.wait()
        self.went_on.append(turn_id)
        return None

    def break_off(self, turn_id: str) -> None:
        self.broken_off.append(turn_id)


@dataclass
class Shop:
    """A conversation, and a way to write into it that takes the lease."""

    database: Database
    conversations: Conversations
    conversation: Conversation
    codec: Codec
    vaults: Vaults

    async def say(self, client_turn_id: str = "one", lease_s: float | None = LEASE_S) -> Accepted:
        incoming = Incoming(text="Hello", client_turn_id=client_turn_id, request_id="req", at_ms=1_000)
        message = masked(incoming, self.conversation, self.vaults.of(self.conversation))
        async with self.database.primary() as db:
            accepted = await begin_at_once(db, self.conversation, message, Budgets(), self.codec, lease_s)
        assert accepted is not None
        return accepted

    async def begun(self) -> Begun:
        accepted = await self.say()
        assert accepted.begun is not None
        return accepted.begun

    async def jobs(self, turn_id: str) -> int:
        async with self.database.primary() as db:
            return int(await db.fetchval("SELECT count(*) FROM pgqueuer WHERE payload = $1", turn_id.encode()))

    async def lease_left(self, turn_id: str) -> float:
        async with self.database.primary() as db:
            left = "SELECT extract(epoch FROM leased_until - now()) FROM turns WHERE id = $1"
            return float(await db.fetchval(left, turn_id))

    async def let_it_lapse(self, turn_id: str) -> None:
        async with self.database.primary() as db:
            await db.execute("UPDATE turns SET leased_until = now() - interval '1 ms' WHERE id = $1", turn_id)


@pytest.fixture
async def shop(database_url: Callable[[str], str], finder: Finder) -> AsyncIterator[Shop]:
    database = await Database.connect(database_url("orchestrator"), size=4)
    keyring = Keyring.generate()
    conversations = Conversations(keyring, keyring.derive("subject-hash"))
    async with database.primary() as db:
        conversation_id = await conversations.create(db, ADA, "web")
        conversation = await conversations.owned(db, conversation_id, ADA)
    yield Shop(database, conversations, conversation, Codec(), Vaults(finder))
    await database.close()


async def test_a_leased_turn_is_journalled_and_has_no_job(shop: Shop) -> None:
    begun = await shop.begun()
    assert await shop.jobs(begun.turn_id) == 0
    assert begun.first
    async with shop.database.primary() as db:
        assert await load_entries(db, shop.conversation.sealer, begun.turn_id, shop.codec) == [begun.recorded]


async def test_a_turn_without_a_lease_has_a_job(shop: Shop) -> None:
    accepted = await shop.say(lease_s=None)
    assert accepted.begun is None
    assert await shop.jobs(accepted.turn_id) == 1


async def test_the_same_message_again_is_known_and_begins_nothing(shop: Shop) -> None:
    first, again = await shop.say("one"), await shop.say("one")
    assert again == Accepted(first.turn_id)


async def test_a_turn_whose_lease_ran_out_gets_one_job_and_one_that_is_leased_gets_none(shop: Shop) -> None:
    begun = await shop.begun()
    await enqueue_orphans(shop.database)
    assert await shop.jobs(begun.turn_id) == 0
    await shop.let_it_lapse(begun.turn_id)
    await enqueue_orphans(shop.database)
    await enqueue_orphans(shop.database)
    assert await shop.jobs(begun.turn_id) == 1


async def test_a_long_turn_keeps_its_lease(shop: Shop) -> None:
    held = Held()
    here = TurnsHere(shop.database, held, Room(1), renew_every_s=0.01)
    here.start()
    begun = await shop.begun()
    here.begin(begun)
    await shop.let_it_lapse(begun.turn_id)

    async def renewed() -> bool:
        return await shop.lease_left(begun.turn_id) > 0

    await eventually(renewed)
    await enqueue_orphans(shop.database)
    assert await shop.jobs(begun.turn_id) == 0
    held.go.set()
    await here.stop()


async def test_no_more_than_so_many_turns_begin_here_and_none_while_it_stops(shop: Shop) -> None:
    held = Held()
    here = TurnsHere(shop.database, held, Room(1))
    assert here.lease_s() == LEASE_S
    begun = await shop.begun()
    here.begin(begun)
    assert here.lease_s() is None
    stopping = asyncio.create_task(here.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    held.go.set()
    await stopping
    assert held.ran == [begun.turn_id]
    assert here.lease_s() is None


async def test_a_place_is_kept_while_a_message_is_taken_in(shop: Shop) -> None:
    here = TurnsHere(shop.database, Held(), Room(1))
    with here.place() as first:
        assert first == LEASE_S
        with here.place() as second:
            assert second is None
    assert here.lease_s() == LEASE_S


async def test_a_turn_that_fails_is_let_go_for_another_worker(shop: Shop) -> None:
    held = Held(failing=True)
    here = TurnsHere(shop.database, held, Room(1))
    begun = await shop.begun()
    here.begin(begun)
    assert here.conversation_of(begun.turn_id) is shop.conversation
    held.go.set()
    await eventually(lambda: here.conversation_of(begun.turn_id) is None)
    assert here.lease_s() == LEASE_S
    await shop.let_it_lapse(begun.turn_id)
    await enqueue_orphans(shop.database)
    assert await shop.jobs(begun.turn_id) == 1


async def test_a_turn_that_goes_on_before_its_first_run_has_quite_ended_is_known_to_the_end(shop: Shop) -> None:
    first, second = Held(), Held()
    here = TurnsHere(shop.database, first, Room(2))
    begun = await shop.begun()
    here.begin(begun)
    here._turns = second
    here.go_on(begun.turn_id, begun.conversation)
    first.go.set()
    await eventually(lambda: first.ran)
    assert here.conversation_of(begun.turn_id) is begun.conversation
    second.go.set()
    await here.stop()
    assert second.went_on == [begun.turn_id]
    assert here.conversation_of(begun.turn_id) is None


async def test_a_turn_that_was_stopped_runs_to_its_end_in_place_of_the_run_under_way(shop: Shop) -> None:
    held = Held()
    here = TurnsHere(shop.database, held, Room(2))
    begun = await shop.begun()
    here.begin(begun)
    here.end_stopped(begun.turn_id, begun.conversation)
    assert held.broken_off == [begun.turn_id]
    held.go.set()
    await here.stop()
    assert held.went_on == [begun.turn_id]


async def test_a_turn_that_is_claimed_knows_what_was_said_before_it_whatever_came_behind(shop: Shop) -> None:
    first = await shop.say("one", lease_s=None)
    async with shop.database.primary() as db:
        await db.execute("UPDATE turns SET status = 'waiting' WHERE id = $1", first.turn_id)
    second = await shop.say("two", lease_s=None)
    async with shop.database.primary() as db:
        await db.execute(
            "INSERT INTO thread (conversation_id, turn_id, role, content) VALUES ($1, $2, 'assistant', '')",
            shop.conversation.id, first.turn_id,
        )  # fmt: skip
        await db.execute("UPDATE turns SET status = 'running' WHERE id = $1", first.turn_id)
        found = [await db.fetchrow(CLAIM, one.turn_id) for one in (first, second)]
    # Behind the first question stand its answer and the second one; before the second one, both of the first.
    assert [(row["thread_length"] - row["since"], row["own"]) for row in found] == [(1, 1), (2, 1)]
