"""Room for turns: counted wherever they begin, and of the queue's no more are taken than there is room for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from datetime import timedelta

import asyncpg
import pytest
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.core.applications import PgQueuer
from prometheus_client import Gauge

from orchestrator.jobs.queue import END_CALLBACK, RUN_LATER, RUN_TURN
from orchestrator.jobs.room import Room
from orchestrator.jobs.taking import roomy
from servicekit.testing import eventually


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_every_run_takes_room_and_gives_it_back_when_it_fails_too() -> None:
    room = Room(4)
    with room.taken(), room.taken():
        assert room.left() == 2
    with pytest.raises(RuntimeError), room.taken():
        raise RuntimeError
    assert room.left() == 4


def test_a_run_that_has_to_be_is_counted_and_never_turned_away() -> None:
    room = Room(1)
    with room.taken(), room.taken():
        assert room.left() == 0
    assert room.left() == 1


def test_a_place_that_is_kept_is_nobody_elses_and_free_again_when_the_turn_did_not_begin() -> None:
    room = Room(8)
    with room.kept(), room.taken():
        assert room.left() == 2
        assert room.spare() == 0
    with pytest.raises(RuntimeError), room.kept():
        raise RuntimeError
    assert room.left() == 4


async def test_who_waits_for_room_goes_on_when_a_turn_ends_and_not_only_when_its_time_is_over() -> None:
    room = Room(4)
    with room.taken():
        waiting = asyncio.create_task(room.freed(60))
        await asyncio.sleep(0)
        assert not waiting.done()
    await asyncio.wait_for(waiting, 5)
    assert await room.freed(0.01) is None


@pytest.mark.parametrize(("asked_s", "limit"), [(None, 32), (2.0, 64), (0.5, 4)])
def test_whole_turns_tell_what_they_take_beyond_models_and_tools(asked_s: float | None, limit: int) -> None:
    clock = Clock()
    room = Room(64, clock=clock, added_s=0.4)
    with ExitStack() as others:
        for _ in range(20):
            others.enter_context(room.taken())
        for _ in range(100):
            with room.taken() as place:
                clock.now += 2.2
                place.asked_s = asked_s
    assert room.limit.now == pytest.approx(limit, abs=8)


def ending(room: Room, clock: Clock, turns: int, took_s: float) -> None:
    """So many turns, twenty at once, that take so long here."""
    with ExitStack() as others:
        for _ in range(20):
            others.enter_context(room.taken())
        for _ in range(turns):
            with room.taken() as place:
                clock.now += took_s
                place.asked_s = 0.0


def test_as_many_answers_are_promised_as_anybody_likes_while_turns_wait_for_others_than_us() -> None:
    assert all(Room(64).promise() for _ in range(100))


def test_where_turns_wait_for_this_process_one_answer_is_promised_for_four_that_end() -> None:
    clock = Clock()
    room = Room(64, clock=clock)
    ending(room, clock, 64, 3.0)
    assert [room.promise() for _ in range(9)] == [True] * 8 + [False]
    ending(room, clock, 4, 3.0)
    assert [room.promise() for _ in range(2)] == [True, False]


def test_its_pace_is_what_a_full_room_ends_in_a_second_after_a_calm_too() -> None:
    clock = Clock()
    room = Room(64, clock=clock)
    assert room.pace() == 0.0
    ending(room, clock, 10, 0.25)
    with room.taken():
        clock.now += 60  # a part of a turn tells nothing
    clock.now += 600
    assert room.pace() == pytest.approx(room.limit.now / 0.25)


def test_the_limit_is_shown() -> None:
    gauge = Gauge("limit", "", registry=None)
    Room(64, gauge)
    assert gauge._value.get() == 32


class Queue:
    """The queue itself, and a worker whose turns run until they are let go."""

    def __init__(self, db: "asyncpg.Connection[asyncpg.Record]", worker: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.db, self.room, self.go = db, Room(4), asyncio.Event()
        self.began: list[str] = []
        self.timers: list[str] = []
        self.application = roomy(PgQueuer(AsyncpgDriver(worker)), self.room)

        @self.application.entrypoint(RUN_TURN)
        @self.application.entrypoint(RUN_LATER)
        async def run(job) -> None:
            with self.room.taken():
                self.began.append(job.payload.decode())
                await self.go.wait()

        @self.application.entrypoint(END_CALLBACK)
        async def timer(job) -> None:
            self.timers.append(job.payload.decode())

    async def put(self, entrypoint: str, *names: str, priority: int = 10) -> None:
        for name in names:
            await self.application.qm.queries.enqueue(entrypoint, name.encode(), priority=priority)

    async def waiting(self) -> int:
        return int(await self.db.fetchval("SELECT count(*) FROM pgqueuer WHERE status = 'queued'"))

    async def run(self) -> None:
        await self.application.run(
            dequeue_timeout=timedelta(seconds=1), batch_size=16, max_concurrent_tasks=36,
            heartbeat_timeout=timedelta(seconds=4),
        )  # fmt: skip


@pytest.fixture
async def queue(database_url: Callable[[str], str]) -> AsyncIterator[Queue]:
    db, worker = [await asyncpg.connect(database_url("orchestrator")) for _ in range(2)]
    await db.execute("DELETE FROM pgqueuer")
    found = Queue(db, worker)
    yield found
    await db.execute("DELETE FROM pgqueuer")
    await db.close()
    await worker.close()


@pytest.mark.service
async def test_of_many_turns_as_many_are_taken_as_there_is_room_for_and_a_timer_passes_them(queue: Queue) -> None:
    await queue.put(RUN_LATER, "later", priority=2)
    await queue.put(RUN_TURN, *(f"trn_{n}" for n in range(10)))
    running = asyncio.create_task(queue.run())
    await eventually(lambda: len(queue.began) == 4)
    await queue.put(END_CALLBACK, "timer", priority=8)
    await eventually(lambda: queue.timers)
    assert len(queue.began) == 4, "there is no room for a fifth"

    async def seven_wait() -> bool:
        return await queue.waiting() == 7

    await eventually(seven_wait)
    queue.go.set()
    await eventually(lambda: len(queue.began) == 11)
    assert queue.began == [*(f"trn_{n}" for n in range(10)), "later"], "who waits for an e-mail comes last"
    queue.application.shutdown.set()
    await running


@pytest.mark.service
async def test_turns_that_nobody_is_there_for_leave_half_of_the_room_to_those_who_come(queue: Queue) -> None:
    await queue.put(RUN_LATER, *(f"later_{n}" for n in range(6)), priority=2)
    running = asyncio.create_task(queue.run())
    await eventually(lambda: len(queue.began) == 2)
    await queue.put(RUN_TURN, "trn_1")
    await eventually(lambda: "trn_1" in queue.began)
    assert len(queue.began) == 3
    queue.go.set()
    await eventually(lambda: len(queue.began) == 7)
    queue.application.shutdown.set()
    await running
