"""Documents come in once, are replaced when they change, and leave when their set no longer names them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from io import StringIO
from pathlib import Path

import pytest

from contracts.knowledge import Action, Document, IngestReport
from retrieval import repository
from retrieval.ingest import ingest_folder
from retrieval.ingest_lines import Lines
from retrieval.ingestor import Ingestor
from retrieval.repository import Totals
from retrieval.sources.choose import source_of
from servicekit.db.pool import Database
from servicekit.embedding import Embedder, QuickEmbedder
from servicekit.errors import ProblemError
from servicekit.testing import FakeClock

pytestmark = pytest.mark.service
Page = Callable[..., Document]

FRONT = "---\ntitle: {title}\nurl: https://shop.example/help/{slug}\nreviewed: true\nupdated_at: 2026-01-01\n---\n"


@pytest.fixture
async def db(empty_url: str) -> AsyncIterator[Database]:
    opened = await Database.connect(empty_url, size=4)
    yield opened
    await opened.close()


@pytest.fixture
def ingestor(db: Database, embedder: Embedder, quick: QuickEmbedder, clock: FakeClock) -> Ingestor:
    return Ingestor(db, embedder.pieces, quick, clock)


class CountingEmbedder(QuickEmbedder):
    """Counts the texts that were embedded."""

    embedded = 0

    def embed(self, texts):  # type: ignore[no-untyped-def]
        self.embedded += len(texts)
        return super().embed(texts)


async def _totals(db: Database) -> Totals:
    async with db.primary() as connection:
        return await repository.totals(connection)


async def _revision(db: Database) -> int:
    async with db.primary() as connection:
        return (await repository.corpus_state(connection)).revision


def _write(folder: Path, slug: str, text: str = "Some text.") -> Path:
    path = folder / f"{slug}.md"
    path.write_text(FRONT.format(title=slug, slug=slug) + f"# {slug}\n\n{text}\n", encoding="utf-8")
    return path


async def test_an_unchanged_document_costs_nothing(
    db: Database, page: Page, embedder: Embedder, clock: FakeClock
) -> None:
    counting = CountingEmbedder.load()
    assert isinstance(counting, CountingEmbedder)
    ingestor = Ingestor(db, embedder.pieces, counting, clock)
    first = await ingestor.put(page("tents"), "api")
    before = (counting.embedded, await _revision(db))
    again = await ingestor.put(page("tents"), "api")
    assert (first.action, again.action) == (Action.CREATED, Action.UNCHANGED)
    assert counting.embedded == 1
    assert (counting.embedded, await _revision(db)) == before


@pytest.mark.parametrize(
    "change",
    [{"body": "# Other\n\nText."}, {"title": "Other"}, {"tags": ("tents",)}, {"channels": ("web",)}, {"ttl_days": 3},
     {"is_policy": True}, {"reviewed": False}],
    ids=str,
)  # fmt: skip
async def test_any_change_replaces_the_document(
    ingestor: Ingestor, db: Database, page: Page, change: dict[str, object]
) -> None:
    await ingestor.put(page("tents"), "api")
    outcome = await ingestor.put(page("tents", **change), "api")
    assert outcome.action is Action.UPDATED
    assert (await _totals(db)).documents == 1


async def test_a_shorter_document_leaves_no_old_chunks(ingestor: Ingestor, db: Database, page: Page) -> None:
    await ingestor.put(page("tents", body="A sentence about tents and pegs. " * 200), "api")
    assert (await _totals(db)).chunks > 1
    await ingestor.put(page("tents", body="Short."), "api")
    assert (await _totals(db))[2:] == (1, 1)


async def test_a_full_set_deletes_what_it_does_not_name_and_only_its_own(
    ingestor: Ingestor, db: Database, page: Page
) -> None:
    await ingestor.ingest([page("a"), page("b")], source="api", full_set=False)
    await ingestor.ingest([page("c")], source="blog", full_set=False)
    outcomes = await ingestor.ingest([page("b")], source="api", full_set=True)
    assert [(one.url.rsplit("/", 1)[-1], one.action) for one in outcomes] == [
        ("b", Action.UNCHANGED), ("a", Action.DELETED),
    ]  # fmt: skip
    async with db.primary() as connection:
        assert set((await repository.urls_of(connection, "blog")).values()) == {"https://shop.example/help/c"}


async def test_without_a_full_set_nothing_is_deleted(ingestor: Ingestor, db: Database, page: Page) -> None:
    await ingestor.ingest([page("a"), page("b")], source="api", full_set=False)
    await ingestor.ingest([page("a")], source="api", full_set=False)
    assert (await _totals(db)).documents == 2


async def test_a_document_that_moved_to_another_source_is_not_deleted_by_the_first(
    ingestor: Ingestor, db: Database, page: Page
) -> None:
    await ingestor.ingest([page("a")], source="api", full_set=False)
    await ingestor.ingest([page("a")], source="blog", full_set=False)
    await ingestor.ingest([page("z")], source="api", full_set=True)
    assert (await _totals(db)).documents == 2


async def test_many_writers_of_one_document_leave_one_whole_document(
    ingestor: Ingestor, db: Database, page: Page
) -> None:
    versions = [page("tents", body=f"Version {number}. " * (number + 1) * 20) for number in range(8)]
    await asyncio.gather(*(ingestor.put(version, "api") for version in versions))
    async with db.primary() as connection:
        (document_id,) = await repository.searchable(connection)
        windows = await repository.windows_of(connection, [document_id])
        body = await connection.fetchval("SELECT body FROM documents")
    assert len({window.version for window in windows}) == 1
    assert all(window.text.split()[1] == body.split()[1] for window in windows)


async def test_a_folder_is_stored_with_a_line_of_progress_per_document(
    tmp_path: Path, empty_url: str, db: Database, embedder: Embedder
) -> None:
    _write(tmp_path, "tents")
    (tmp_path / "more").mkdir()
    _write(tmp_path / "more", "pans")
    stream = StringIO()
    report = await ingest_folder(tmp_path, database_url=empty_url, embedder=embedder, show=Lines(stream))
    assert report.count(Action.CREATED) == 2
    assert [line.split()[0] for line in stream.getvalue().splitlines()[1:3]] == ["new", "new"]
    assert (await _totals(db)).documents == 2


async def test_a_file_that_is_gone_takes_its_document_along(
    tmp_path: Path, empty_url: str, db: Database, embedder: Embedder
) -> None:
    gone = _write(tmp_path, "tents")
    _write(tmp_path, "pans")
    await ingest_folder(tmp_path, database_url=empty_url, embedder=embedder)
    gone.unlink()
    report = await ingest_folder(tmp_path, database_url=empty_url, embedder=embedder)
    assert (report.count(Action.UNCHANGED), report.count(Action.DELETED)) == (1, 1)
    assert (await _totals(db)).documents == 1


async def test_a_broken_file_is_named_and_deletes_nothing(
    tmp_path: Path, empty_url: str, db: Database, embedder: Embedder
) -> None:
    _write(tmp_path, "tents")
    await ingest_folder(tmp_path, database_url=empty_url, embedder=embedder)
    (tmp_path / "tents.md").write_bytes("Палатка и колышки".encode("cp1251"))
    report = await ingest_folder(tmp_path, database_url=empty_url, embedder=embedder)
    assert [(one.url, one.detail) for one in report.results] == [
        ("tents.md", "is in an encoding that cannot be told for sure. Save it as UTF-8")
    ]
    assert (await _totals(db)).documents == 1


async def test_two_files_with_one_url_are_an_error(tmp_path: Path, empty_url: str, embedder: Embedder) -> None:
    text = _write(tmp_path, "tents").read_text(encoding="utf-8")
    (tmp_path / "copy.md").write_text(text, encoding="utf-8")
    report: IngestReport = await ingest_folder(tmp_path, database_url=empty_url, embedder=embedder)
    assert [(one.action, one.detail) for one in report.results][1] == (Action.FAILED, "has the same url as copy.md")


async def test_an_empty_folder_deletes_nothing(
    tmp_path: Path, empty_url: str, db: Database, embedder: Embedder
) -> None:
    path = _write(tmp_path, "tents")
    await ingest_folder(tmp_path, database_url=empty_url, embedder=embedder)
    path.unlink()
    assert (await ingest_folder(tmp_path, database_url=empty_url, embedder=embedder)).results == ()
    assert (await _totals(db)).documents == 1


async def test_a_database_that_is_down_is_said_plainly(tmp_path: Path, embedder: Embedder) -> None:
    _write(tmp_path, "tents")
    with pytest.raises(ProblemError, match="dependency_down"):
        await ingest_folder(tmp_path, database_url="postgresql://x:x@127.0.0.1:9/x", embedder=embedder)


def test_a_source_is_named_after_its_folder() -> None:
    assert source_of(Path("/srv/Help pages (new)")) == "folder:Help-pages--new-"
