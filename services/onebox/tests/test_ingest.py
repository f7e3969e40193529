"""`aiguy ingest PATH_OR_URL`: from a folder of help pages to documents in the running stack's database."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from onebox.cli import app
from onebox.ingest import ingest_with_progress
from retrieval.sources.choose import Asked
from retrieval.sources.settings import IngestSettings
from servicekit.testing.databases import TestDatabases

pytestmark = pytest.mark.service
NOWHERE = "postgresql://aiguy:x@127.0.0.1:9/retrieval"
Run = Callable[..., Result]


@pytest.fixture
def url(postgres_server: TestDatabases) -> str:
    return postgres_server.create("retrieval")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, url: str) -> Run:
    def ingest(*arguments: str, database: str = url) -> Result:
        monkeypatch.setenv("AIGUY_DATABASE_URLS", json.dumps({"retrieval": database}))
        return CliRunner().invoke(app, ["ingest", *arguments], catch_exceptions=False)

    return ingest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pages = tmp_path / "abcd"  # a name that a terminal library knows as a picture
    pages.mkdir()
    (pages / "care.md").write_text("# Care of tents\n\nDry them before you store them.")
    (pages / "returns.html").write_text("<title>Returns</title><p>You have thirty days to return an item.</p>")
    return pages


def test_a_folder_is_stored_and_again_costs_nothing(run: Run, folder: Path) -> None:
    first = run(str(folder), "--tag", "tents")
    assert first.exit_code == 0, first.output
    assert "new        kb:abcd/care.md (1 chunks)" in first.output
    assert "folder:abcd: 2 new. A running service finds the documents within a second." in first.output
    again = run(str(folder), "--tag", "tents")
    assert (again.exit_code, again.output.splitlines()[-1]) == (0, "folder:abcd: 2 unchanged.")


def test_a_refused_file_is_named_with_its_reason_and_a_gone_one_is_deleted(run: Run, folder: Path) -> None:
    run(str(folder), "--quick")
    (folder / "care.md").unlink()
    (folder / "broken.pdf").write_bytes(b"no pdf")
    (folder / "prices.json").write_text("{}")
    report = run(str(folder), "--quick")
    assert report.exit_code == 1
    assert "REFUSED    broken.pdf: is damaged, or is no PDF" in report.output
    assert "skipped    prices.json: is data, not an article" in report.output
    assert "deleted    kb:abcd/care.md" in report.output
    assert "1 unchanged, 1 deleted, 1 refused, 1 skipped" in report.output


@pytest.mark.parametrize(
    ("target", "said"),
    [("/none/at/all", "There is no file or folder"), ("ftp://shop.example/", "Only files, http:// and https://"),
     ("wordpress", "Set AIGUY_WORDPRESS_URL"), ("http://127.0.0.1/sitemap.xml", "leads to a private")],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_line(run: Run, target: str, said: str) -> None:
    result = run(target)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_database_that_is_down_or_empty_is_said(run: Run, folder: Path, postgres_server: TestDatabases) -> None:
    assert "database cannot be reached" in run(str(folder), database=NOWHERE).output
    empty = run(str(folder), database=postgres_server.create())
    assert empty.exit_code == 2
    assert "servicekit.db.migrate retrieval" in empty.output


async def test_a_terminal_sees_bars_and_what_was_refused(folder: Path, url: str) -> None:
    (folder / "broken.pdf").write_bytes(b"no pdf")
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    code = await ingest_with_progress(Asked(str(folder)), IngestSettings(database_url=url), console, deepen=True)
    assert code == 1
    assert "3/3" in screen.getvalue()
    assert "broken.pdf" in screen.getvalue()
    assert "deep vectors" in screen.getvalue()
