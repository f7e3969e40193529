"""The queue of turns, seen from outside: places, pace, and how long a new turn waits."""

from collections.abc import AsyncIterator, Callable

import pytest

from orchestrator.jobs.waiting import Place, QueueWatch, Waiting
from orchestrator.journal.scheduling import run_turn
from servicekit.db.pool import Database


@pytest.fixture
async def database(database_url: Callable[[str], str]) -> AsyncIterator[Database]:
    connected = await Database.connect(database_url("orchestrator"), size=4)
    await _emptied(connected)
    yield connected
    await _emptied(connected)
    await connected.close()


async def _emptied(database: Database) -> None:
    async with database.transaction() as db:
        await db.execute("DELETE FROM pgqueuer")
        await db.execute("DELETE FROM pgqueuer_log")


class Clock:
    """A clock that stands until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_who_comes_now_waits_for_all_before_them_and_no_shorter_than_the_first_has() -> None:
    assert Waiting().wait_s() == 0
    assert Waiting({"trn_1": 0, "trn_2": 1}, oldest_s=0.5, per_s=4.0).wait_s() == 0.5
    assert Waiting({f"trn_{n}": n for n in range(40)}, oldest_s=0.5, per_s=4.0).wait_s() == 10
    assert Waiting({"trn_1": 0}, oldest_s=7.0, per_s=0.0).wait_s() == 7, "nobody works: the first one knows how long"


def test_who_joined_since_somebody_looked_is_waited_for_too_and_who_is_gone_by_now_is_not() -> None:
    seen = {f"trn_{n}": n for n in range(8)}
    assert Waiting(seen, per_s=4.0, joined=12).wait_s() == 5
    assert Waiting(seen, per_s=4.0, joined=12, age_s=1.0).wait_s() == 4
    assert Waiting(seen, per_s=4.0, age_s=5.0).wait_s() == 0


@pytest.mark.service
async def test_a_crowd_between_two_looks_is_counted_and_the_queues_pace_is_ours_until_it_has_one(
    database: Database,
) -> None:
    clock = Clock()
    watch = QueueWatch(database, clock, pace=lambda: 4.0)
    await watch.now()
    for _ in range(20):
        watch.join()
    assert (await watch.now()).wait_s() == 5
    async with database.transaction() as db:
        await run_turn(db, "trn_1")
    clock.now += 1
    seen = await watch.now()
    assert (seen.places, seen.joined, seen.per_s) == ({"trn_1": 0}, 0, 4.0), "they are in what was seen"


def test_a_place_is_what_is_before_it() -> None:
    seen = Waiting({"trn_1": 0, "trn_2": 1}, oldest_s=1.0, per_s=0.5)
    assert seen.place("trn_2") == Place(before=1, wait_s=4.0)
    assert Waiting({"trn_1": 0}).place("trn_1") == Place(before=0, wait_s=None)
    assert seen.place("trn_3") is None


@pytest.mark.service
async def test_it_is_seen_in_the_database_and_looked_at_now_and_then(database: Database) -> None:
    clock = Clock()
    watch = QueueWatch(database, clock)
    assert await watch.now() == Waiting()
    async with database.transaction() as db:
        for turn_id in ("trn_1", "trn_2", "trn_3"):
            await run_turn(db, turn_id)
        await db.execute("UPDATE pgqueuer SET created = now() - interval '9 s' WHERE payload = 'trn_1'")
        await db.execute("UPDATE pgqueuer SET status = 'picked' WHERE payload = 'trn_2'")
        await db.execute(
            "INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)"
            " SELECT n, 'successful', 'run_turn', 10 FROM generate_series(1, 10) n"
        )
    assert await watch.now() == Waiting(), "what was seen a moment ago is still true enough"
    clock.now += 1
    seen = await watch.now()
    assert seen.places == {"trn_1": 0, "trn_3": 1}
    assert 9 <= seen.oldest_s < 60
    assert seen.per_s == 2.0


async def test_without_the_database_nobody_is_turned_away() -> None:
    class Gone:
        def primary(self) -> None:
            raise OSError("gone")

    assert await QueueWatch(Gone(), Clock()).now() == Waiting()  # type: ignore[arg-type]
