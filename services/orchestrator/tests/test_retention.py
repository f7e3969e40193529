"""Each table of the orchestrator has a rule that says what ends its rows; the queue's log does not grow for ever."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.retention import retention
from orchestrator.settings import Settings
from servicekit.clock import SystemClock
from servicekit.db.pool import Database
from servicekit.retention import Retention
from servicekit.telemetry import Metrics
from servicekit.testing.retention import misfits

pytestmark = pytest.mark.service


@pytest.fixture
def settings(database_url: Callable[[str], str], master_key_file: Path) -> Settings:
    return Settings(
        database_url=database_url("orchestrator"), master_key_file=master_key_file, signing_keys=master_key_file,
        issuers_file=master_key_file,
    )  # fmt: skip


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = await Database.connect(settings.database_url, size=2)
    yield database
    await database.close()


async def test_every_table_has_a_rule_that_fits_it(database: Database, settings: Settings) -> None:
    assert await misfits(database, retention(settings)) == []


async def test_what_became_of_jobs_is_forgotten_after_a_week_and_jobs_are_not(
    database: Database, settings: Settings
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=8)
    async with database.primary() as db:
        for status, created in (("queued", long_ago), ("exception", long_ago), ("successful", datetime.now(UTC))):
            await db.execute(
                "INSERT INTO pgqueuer_log (created, job_id, status, priority, entrypoint) VALUES ($1, 1, $2, 0, 'x')",
                created, status,
            )  # fmt: skip
        await db.execute(
            "INSERT INTO pgqueuer (created, updated, heartbeat, priority, status, entrypoint)"
            " VALUES ($1, $1, $1, 0, 'queued', 'x')", long_ago,
        )  # fmt: skip
    assert await Retention(database, SystemClock(), Metrics(), retention(settings)).sweep() == 2
    async with database.primary() as db:
        left = [row[0] for row in await db.fetch("SELECT status::text FROM pgqueuer_log")]
        assert (left, await db.fetchval("SELECT count(*) FROM pgqueuer")) == (["successful"], 1)
