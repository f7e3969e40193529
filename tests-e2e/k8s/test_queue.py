"""KEDA's question about the queue is one that the orchestrator's own database answers."""

from collections.abc import Callable

import asyncpg
import pytest

from orchestrator.jobs.queue import RUN_TURN

from .rendered import Overlay


@pytest.mark.service
async def test_turns_that_wait_are_counted(database_url: Callable[[str], str], overlays: dict[str, Overlay]) -> None:
    (scaled,) = overlays["production"].of("ScaledObject")
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]
    db = await asyncpg.connect(database_url("orchestrator"))
    try:
        assert await db.fetchval(query) == 0
        for job, late in ((RUN_TURN, "0 s"), (RUN_TURN, "0 s"), (RUN_TURN, "1 h"), ("tell_staff", "0 s")):
            await db.execute(
                "INSERT INTO pgqueuer (priority, entrypoint, execute_after, status)"
                " VALUES (0, $1, now() + $2::text::interval, 'queued')",
                job,
                late,
            )
        assert await db.fetchval(query) == 2
    finally:
        await db.close()
