"""The command is stopped in the middle, by Ctrl-C or by force: what is stored is whole, the next run does the rest."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts.knowledge import Action
from retrieval import repository
from retrieval.ingest import ingest
from retrieval.runs import RunState, last_runs
from retrieval.sources.choose import Asked
from retrieval.sources.settings import IngestSettings
from servicekit.db.pool import Database
from servicekit.testing import eventually

pytestmark = pytest.mark.service
COUNT = 400


@pytest.fixture
async def db(empty_url: str) -> AsyncIterator[Database]:
    opened = await Database.connect(empty_url, size=2)
    yield opened
    await opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pages = tmp_path / "help"
    pages.mkdir()
    for number in range(COUNT):
        text = f"Article {number} says how a tent is dried and stored over the winter. " * 120
        (pages / f"{number:03}.md").write_text(f"# Article {number}\n\n{text}")
    return pages


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)], ids=["Ctrl-C", "kill -9"]
)
async def test_a_run_that_is_stopped_is_finished_by_the_next(
    db: Database, folder: Path, empty_url: str, number: signal.Signals, code: int
) -> None:
    process = _start(folder, empty_url)

    async def has_begun() -> bool:
        async with db.primary() as connection:
            return (await repository.totals(connection)).documents >= 5

    await eventually(has_begun, timeout_s=60)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said

    async def is_over() -> bool:
        async with db.primary() as connection:
            (run,) = await last_runs(connection)
        return run.state is RunState.INTERRUPTED

    await eventually(is_over)
    async with db.primary() as connection:
        before = (await repository.totals(connection)).documents
        bare = await connection.fetchval(
            "SELECT count(*) FROM documents d WHERE NOT EXISTS (SELECT FROM chunks c WHERE c.document_id = d.id)"
        )
    assert before < COUNT
    assert bare == 0
    report = await ingest(Asked(str(folder)), IngestSettings(database_url=empty_url), deepen=False)
    assert report.count(Action.UNCHANGED) == before
    assert report.count(Action.CREATED) == COUNT - before


def _start(folder: Path, url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "retrieval.ingest", str(folder), "--quick"],
        env=os.environ | {"AIGUY_DATABASE_URL": url}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
