"""The worker over a real queue: pgqueuer deletes a job that fails, so that none may fail for good."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
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
KINDS = (*OF_A_TURN, *WITH_MORE, queue.ERASE_ELSEWHERE)


class Shaky:
    """Whatever is done for somebody, its first run meets a database that is away; a kind is told by its turn's id."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()

    async def _work(self, what: str, *_: str, **__: bool) -> bool:
        self.runs[what] += 1
        if self.runs[what] == 1:
            raise ProblemError(ProblemCode.DEPENDENCY_DOWN, "The database is down.")
        return True

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


async def test_a_job_of_any_kind_that_fails_is_run_again_until_it_is_done(
    database_url: Callable[[str], str], queued: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    database = await Database.connect(database_url("orchestrator"), size=2)
    shaky = Shaky()
    work = cast(Any, shaky)
    worker = Worker(database_url("orchestrator"), database, work, work, work, work, Room(32))

    async def all_done() -> bool:
        left = await queued.fetch("SELECT entrypoint, status FROM pgqueuer")
        assert not left, left
        return True

    worker.start()
    try:
        await eventually(all_done, 20)
    finally:
        await worker.stop()
        await database.close()
    assert shaky.runs == dict.fromkeys(KINDS, 2)
