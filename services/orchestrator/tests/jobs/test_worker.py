"""The worker over a real queue: pgqueuer deletes a job that fails, so that none may fail for good."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any, cast

import asyncpg
import orjson
import pytest
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.queries import Queries

from contracts.errors import ProblemCode
from orchestrator.jobs import queue
from orchestrator.jobs.room import Room
from orchestrator.jobs.worker import Worker
from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.testing import eventually

pytestmark = pytest.mark.service
OF_A_TURN = (queue.RUN_TURN, queue.RUN_LATER, queue.MAIL_ANSWER, queue.HAND_OFF, queue.TRY_AGAIN, queue.END_CALLBACK)
WITH_MORE = (queue.CHECK_MAIL, queue.EXPIRE_CARD, queue.TELL_STAFF)
#: These end in a system that may be away.
FOR_OTHERS = (queue.MAIL_ANSWER, queue.HAND_OFF, queue.TELL_STAFF, queue.ERASE_ELSEWHERE)
KINDS = (*OF_A_TURN, *WITH_MORE, queue.ERASE_ELSEWHERE)


class Shaky:
    """Whatever is done for somebody, its first run meets a database that is away, or a system outside that does not
    answer; a kind is told by its turn's id.
    """

    def __init__(self, *, outside: bool = False) -> None:
        self.runs: Counter[str] = Counter()
        self._outside = outside

    async def _work(self, what: str, *_: str, **__: bool) -> bool:
        self.runs[what] += 1
        if self.runs[what] == 1 and not self._outside:
            raise ProblemError(ProblemCode.DEPENDENCY_DOWN, "The database is down.")
        return self.runs[what] > 1

    run = send = check = expire_card = try_again = end_callback = hand_off = tell_staff = _work


@pytest.fixture
async def queued(database_url: Callable[[str], str]) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The queue's connection; a job of each kind waits, and nothing else."""
    db = await asyncpg.connect(database_url("orchestrator"))
    await db.execute("DELETE FROM pgqueuer")
    queries = Queries(AsyncpgDriver(db))
    for kind in KINDS:
        more = orjson.dumps({"turn_id": kind, "digest": "d", "message_id": "m", "reminder": False})
        await queries.enqueue(kind, more if kind in WITH_MORE else kind.encode(), priority=1)
    yield db
    await db.execute("DELETE FROM pgqueuer")
    await db.close()


async def _done(
    kinds: tuple[str, ...], shaky: Shaky, url: str, queued: "asyncpg.Connection[asyncpg.Record]", timeout_s: float
) -> None:
    """Has a worker run the jobs until none of the kinds is left."""
    database = await Database.connect(url, size=2)
    work = cast(Any, shaky)
    worker = Worker(url, database, work, work, work, work, Room(32))

    async def all_done() -> bool:
        left = await queued.fetch("SELECT entrypoint, status FROM pgqueuer WHERE entrypoint = ANY($1)", kinds)
        assert not left, left
        return True

    worker.start()
    try:
        await eventually(all_done, timeout_s)
    finally:
        await worker.stop()
        await database.close()


async def test_a_job_of_any_kind_that_fails_is_run_again_until_it_is_done(
    database_url: Callable[[str], str], queued: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    shaky = Shaky()
    await _done(KINDS, shaky, database_url("orchestrator"), queued, 20)
    assert shaky.runs == dict.fromkeys(KINDS, 2)


async def test_what_a_system_outside_did_not_take_is_soon_tried_again_when_it_is_young(
    database_url: Callable[[str], str], queued: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    shaky = Shaky(outside=True)
    await _done(FOR_OTHERS, shaky, database_url("orchestrator"), queued, 10)
    assert {kind: shaky.runs[kind] for kind in FOR_OTHERS} == dict.fromkeys(FOR_OTHERS, 2)


async def test_what_has_waited_for_long_is_tried_seldom(
    database_url: Callable[[str], str], queued: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await queued.execute("UPDATE pgqueuer SET created = now() - interval '1 hour'")
    shaky = Shaky(outside=True)
    with pytest.raises(AssertionError):
        await _done(FOR_OTHERS, shaky, database_url("orchestrator"), queued, 3)
    ahead = await queued.fetchval(
        "SELECT min(execute_after - now()) FROM pgqueuer WHERE entrypoint = ANY($1)", FOR_OTHERS
    )
    assert ahead > timedelta(seconds=8)
