"""What waits in the outbox is delivered at least once, under one id, and not for ever."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import asyncpg
import pytest

from servicekit.auth.claims import Caller, Role
from servicekit.background import stop
from servicekit.crypto import KeyUnavailable
from servicekit.db.pool import Connection, Database
from servicekit.sealing.subjects import SubjectKeys, SubjectSealer
from servicekit.telemetry.metrics import Metrics
from servicekit.testing import FakeClock
from servicekit.testing.waiting import eventually
from tickets.outbox import repository
from tickets.outbox.message import Delivered, Kind, OutboxMessage, Outcome, Refused, TryAgain
from tickets.outbox.sender import Pace, Sender
from tickets.people import OUTBOX, people_of
from tickets.settings import Settings

pytestmark = pytest.mark.service
ADA = Caller("cust_ada", Role.CUSTOMER, "orchestrator", frozenset(), 0)
PACE = Pace(tries=3, attempt_s=5, lease_s=90, first_wait_s=10, longest_wait_s=15, poll_s=0.01)


@dataclass
class Scripted:
    """A way out that ends as it is told: `plan` are outcomes, or what is called for one; then all is delivered."""

    kind: ClassVar[Kind] = Kind.EMAIL
    plan: list[Outcome | Callable[[], Any]] = field(default_factory=list)
    sent: list[OutboxMessage] = field(default_factory=list)

    async def deliver(self, message: OutboxMessage) -> Outcome:
        """One attempt."""
        self.sent.append(message)
        step = self.plan.pop(0) if self.plan else Delivered()
        if isinstance(step, Delivered | TryAgain | Refused):
            return step
        outcome: Outcome | None = await step()
        return outcome or Delivered()


@pytest.fixture
def way() -> Scripted:
    return Scripted()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def sender(database: Database, way: Scripted, clock: FakeClock, metrics: Metrics, people: SubjectKeys) -> Sender:
    async with database.primary() as connection:
        await connection.execute("DELETE FROM outbox")
    return Sender(database, way, clock, metrics, PACE, people, chance=lambda: 0.0)


async def test_a_message_is_delivered_once_and_its_text_forgotten(
    sender: Sender, database: Database, way: Scripted, clock: FakeClock, metrics: Metrics, people: SubjectKeys
) -> None:
    await _put(database, people, clock, "msg_1")
    assert [await sender.send_next(), await sender.send_next()] == [True, False]
    assert [(one.id, one.recipient, one.body) for one in way.sent] == [("msg_1", "ada@example.org", "Text.")]
    row = await _row(database, "msg_1")
    assert (row["state"], row["ended_at"]) == ("sent", clock.now())
    assert (row["recipient"], row["subject"], row["body"]) == (b"", b"", b"")
    assert _count(metrics, "sent") == 1


async def test_what_was_rolled_back_is_never_sent(
    sender: Sender, database: Database, way: Scripted, clock: FakeClock, people: SubjectKeys
) -> None:
    async def broken_write() -> None:
        async with database.transaction() as connection:
            await repository.put(connection, _message("msg_1", clock), await _sealer(connection, people), ADA)
            raise LookupError

    with pytest.raises(LookupError):
        await broken_write()
    assert await sender.send_next() is False
    assert way.sent == []


async def test_the_same_message_twice_is_one_row_with_the_first_time(
    sender: Sender, database: Database, way: Scripted, clock: FakeClock, people: SubjectKeys
) -> None:
    first = await _put(database, people, clock, "msg_1")
    clock.advance(60)
    assert await _put(database, people, clock, "msg_1") == first
    while await sender.send_next():
        continue
    assert len(way.sent) == 1


async def test_waits_double_up_to_a_limit_and_then_it_is_given_up(
    sender: Sender, database: Database, way: Scripted, clock: FakeClock, metrics: Metrics, people: SubjectKeys
) -> None:
    way.plan = [TryAgain("unavailable")] * 3
    await _put(database, people, clock, "msg_1")
    for wait in (10, 15):
        assert await sender.send_next() is True
        clock.advance(wait - 1)
        assert await sender.send_next() is False
        clock.advance(1)
    assert await sender.send_next() is True
    row = await _row(database, "msg_1")
    assert (row["state"], row["reason"], row["tries"]) == ("failed", "unavailable", 3)
    async with database.primary() as connection:
        opener = await people.opener(connection, row["requester"])
    assert OUTBOX.opened(row, opener) == {
        "recipient": "ada@example.org",
        "subject": "Subject",
        "body": "Text.",
        "headers": "",
    }
    assert (_count(metrics, "again"), _count(metrics, "gave_up")) == (2, 1)
    clock.advance(86_400)
    assert await sender.send_next() is False


async def test_a_lost_master_key_costs_no_try_and_holds_up_nobody_else(
    sender: Sender, database: Database, people: SubjectKeys, way: Scripted, clock: FakeClock
) -> None:
    await _put(database, people, clock, "msg_1")
    async with database.transaction() as connection:
        other = await people.sealer(connection, people.name("cust_other"))
        await repository.put(connection, _message("msg_2", clock), other)
        await connection.execute("UPDATE data_keys SET key_id = 'k9' WHERE subject_hash = $1", people.name(ADA.subject))
    with pytest.raises(KeyUnavailable):
        await sender.send_next()
    assert await sender.send_next() is True
    row = await _row(database, "msg_1")
    assert ([one.id for one in way.sent], row["tries"], row["state"]) == (["msg_2"], 0, "waiting")
    async with database.primary() as connection:
        await connection.execute("UPDATE data_keys SET key_id = 'k1'")
    clock.advance(3600)
    assert await sender.send_next() is True
    assert [one.id for one in way.sent] == ["msg_2", "msg_1"]


async def test_what_waits_for_somebody_who_was_erased_is_not_sent(
    sender: Sender, database: Database, people: SubjectKeys, way: Scripted, clock: FakeClock
) -> None:
    await _put(database, people, clock, "msg_1")
    async with database.transaction() as connection:
        done = await people_of(people).erase(connection, "orchestrator", ADA.subject)
    assert done.erased["message"] == 1
    clock.advance(3600)
    assert await sender.send_next() is False
    row = await _row(database, "msg_1")
    assert (row["state"], row["reason"], row["recipient"], way.sent) == ("failed", "erased", b"", [])


def test_chance_shortens_a_wait_by_up_to_a_half() -> None:
    pace = Pace(first_wait_s=8, longest_wait_s=100)
    assert [pace.wait_after(2, chance) for chance in (0.0, 0.5, 1.0)] == [16, 12, 8]
    assert pace.wait_after(1000, 0.0) == 100


def test_what_cannot_be_delivered_is_tried_for_a_whole_night_even_when_each_wait_is_the_shortest() -> None:
    tries = Settings(database_url="postgresql://127.0.0.1/x").outbox_tries
    pace = Pace(tries=tries)
    assert sum(pace.wait_after(number, 1.0) for number in range(1, tries)) > 8 * 3600


async def test_what_is_refused_is_not_tried_again(
    sender: Sender, database: Database, way: Scripted, clock: FakeClock, metrics: Metrics, people: SubjectKeys
) -> None:
    way.plan = [Refused("recipient_refused")]
    await _put(database, people, clock, "msg_1")
    await sender.send_next()
    row = await _row(database, "msg_1")
    assert (row["state"], row["reason"], row["tries"]) == ("failed", "recipient_refused", 1)
    assert _count(metrics, "refused") == 1


async def test_a_limit_of_theirs_holds_back_all_of_that_kind_and_no_other(
    sender: Sender, database: Database, way: Scripted, clock: FakeClock, people: SubjectKeys
) -> None:
    way.plan = [TryAgain("rate_limited", pause_s=40)]
    for name in ("msg_1", "msg_2"):
        await _put(database, people, clock, name)
    await _put(database, people, clock, "msg_3", Kind.SLACK)
    await sender.send_next()
    clock.advance(39)
    assert await sender.send_next() is False
    assert (await _row(database, "msg_3"))["next_try_at"] < clock.now()
    clock.advance(1)
    assert [await sender.send_next(), await sender.send_next()] == [True, True]
    assert [one.id for one in way.sent] == ["msg_1", "msg_1", "msg_2"]


async def test_a_message_that_waits_does_not_hold_up_the_next(
    sender: Sender, database: Database, way: Scripted, clock: FakeClock, people: SubjectKeys
) -> None:
    way.plan = [TryAgain("unavailable")]
    for name in ("msg_1", "msg_2"):
        await _put(database, people, clock, name)
    await sender.send_next()
    await sender.send_next()
    assert [one.id for one in way.sent] == ["msg_1", "msg_2"]


async def test_many_senders_take_each_message_once(
    sender: Sender, database: Database, way: Scripted, clock: FakeClock, metrics: Metrics, people: SubjectKeys
) -> None:
    for number in range(20):
        await _put(database, people, clock, f"msg_{number}")
    others = [sender, *(Sender(database, way, clock, metrics, PACE, people) for _ in range(4))]

    async def empty(one: Sender) -> None:
        while await one.send_next():
            continue

    await asyncio.gather(*(empty(one) for one in others))
    assert sorted(one.id for one in way.sent) == sorted(f"msg_{number}" for number in range(20))


async def test_killed_between_delivery_and_record_it_goes_out_again_under_the_same_id(
    sender: Sender, database: Database, way: Scripted, clock: FakeClock, people: SubjectKeys
) -> None:
    way.plan = [_killed]
    await _put(database, people, clock, "msg_1")
    with pytest.raises(asyncio.CancelledError):
        await sender.send_next()
    assert await sender.send_next() is False
    clock.advance(PACE.lease_s)
    assert await sender.send_next() is True
    assert [(one.id, one.tries) for one in way.sent] == [("msg_1", 1), ("msg_1", 2)]
    assert (await _row(database, "msg_1"))["state"] == "sent"


async def test_a_message_that_kills_each_time_is_given_up(
    sender: Sender, database: Database, way: Scripted, clock: FakeClock, people: SubjectKeys
) -> None:
    way.plan = [_killed] * 3
    await _put(database, people, clock, "msg_1")
    for _ in range(3):
        with pytest.raises(asyncio.CancelledError):
            await sender.send_next()
        clock.advance(PACE.lease_s)
    assert await sender.send_next() is True
    assert len(way.sent) == 3
    row = await _row(database, "msg_1")
    assert (row["state"], row["reason"]) == ("failed", "no_answer")


async def test_an_attempt_that_comes_back_too_late_changes_nothing(
    sender: Sender, database: Database, way: Scripted, clock: FakeClock, metrics: Metrics, people: SubjectKeys
) -> None:
    other = Sender(database, Scripted([TryAgain("newer")]), clock, metrics, PACE, people)

    async def taken_over() -> Outcome:
        clock.advance(PACE.lease_s)
        await other.send_next()
        return Refused("late")

    way.plan = [taken_over]
    await _put(database, people, clock, "msg_1")
    await sender.send_next()
    row = await _row(database, "msg_1")
    assert (row["state"], row["reason"], row["tries"]) == ("waiting", "newer", 2)


async def test_a_slow_attempt_ends_before_its_lease(
    database: Database, sender: Sender, way: Scripted, clock: FakeClock, metrics: Metrics, people: SubjectKeys
) -> None:
    way.plan = [asyncio.Event().wait]
    await _put(database, people, clock, "msg_1")
    hurried = Sender(database, way, clock, metrics, Pace(attempt_s=0.05, first_wait_s=10), people)
    assert await hurried.send_next() is True
    assert (await _row(database, "msg_1"))["reason"] == "timeout"


async def test_a_sender_goes_on_whatever_one_message_does(
    sender: Sender, database: Database, way: Scripted, clock: FakeClock, people: SubjectKeys
) -> None:
    way.plan = [_broken]
    for name in ("msg_1", "msg_2"):
        await _put(database, people, clock, name)
    running = asyncio.create_task(sender.run())
    await eventually(lambda: len(way.sent) == 2)
    await eventually(lambda: _is(database, "msg_2", "sent"))
    assert (await _row(database, "msg_1"))["reason"] == "internal"
    assert not running.done()
    running.cancel()


@pytest.mark.parametrize("exists", [False, True], ids=["no_database", "no_tables"])
async def test_a_sender_goes_on_when_the_database_does_not(
    database_url: Callable[[str | None], str], clock: FakeClock, metrics: Metrics, exists: bool, people: SubjectKeys
) -> None:
    nowhere = "postgresql://aiguy:x@127.0.0.1:9/nothing"
    database = await Database.connect(database_url(None) if exists else nowhere)
    running = asyncio.create_task(Sender(database, Scripted(), clock, metrics, PACE, people).run())
    await asyncio.wait([running], timeout=0.2)
    assert not running.done()
    running.cancel()
    await database.close()


async def test_a_lost_cancellation_does_not_hold_up_the_end_of_the_service() -> None:
    begun, caught = asyncio.Event(), []

    async def deaf() -> None:
        while len(caught) < 2:
            try:
                begun.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                caught.append(True)

    task = asyncio.create_task(deaf())
    await begun.wait()
    async with asyncio.timeout(5):
        await stop([task])
    assert task.done()
    assert len(caught) == 2


async def _killed() -> None:
    raise asyncio.CancelledError


async def _broken() -> None:
    raise ZeroDivisionError


def _message(name: str, clock: FakeClock, kind: Kind = Kind.EMAIL) -> OutboxMessage:
    return OutboxMessage(name, kind, "ada@example.org", "Subject", "Text.", clock.now())


async def _put(database: Database, people: SubjectKeys, clock: FakeClock, name: str, kind: Kind = Kind.EMAIL) -> Any:
    async with database.transaction() as connection:
        return await repository.put(connection, _message(name, clock, kind), await _sealer(connection, people), ADA)


async def _sealer(connection: Connection, people: SubjectKeys) -> SubjectSealer:
    return await people.sealer(connection, people.name(ADA.subject))


async def _row(database: Database, name: str) -> asyncpg.Record:
    async with database.primary() as connection:
        row = await connection.fetchrow("SELECT * FROM outbox WHERE id = $1", name)
    assert row is not None
    return row


async def _is(database: Database, name: str, state: str) -> bool:
    return bool((await _row(database, name))["state"] == state)


def _count(metrics: Metrics, outcome: str) -> float:
    labels = {"kind": "email", "outcome": outcome}
    return metrics.registry.get_sample_value("aiguy_outbox_attempts_total", labels) or 0.0
