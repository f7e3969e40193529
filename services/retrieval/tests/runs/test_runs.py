"""Runs: what a source no longer has is deleted, what cannot be read stays, one run at a time, and each is recorded."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable

import pytest

from contracts.errors import ProblemCode
from contracts.knowledge import Action, Document, IngestReport
from retrieval import repository
from retrieval.ingest import open_ingestor
from retrieval.ingestor import Ingestor
from retrieval.runs import LastRun, RunState, last_runs, recorded, run_source
from retrieval.runs.repository import LOCKS
from retrieval.sources.port import End, Found, Gone, Item, Kind, Known, Origin, Refused, Same, Skipped, SourceFailed
from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.testing import FakeClock, eventually

from .scripted import Scripted, found

pytestmark = pytest.mark.service
Page = Callable[..., Document]
Ingest = Callable[..., "asyncio.Future[IngestReport]"]
FULL, CHANGES = End(full_set=True), End(full_set=False)


@pytest.fixture
async def db(empty_url: str) -> AsyncIterator[Database]:
    opened = await Database.connect(empty_url, size=6)
    yield opened
    await opened.close()


@pytest.fixture
async def ingestor(db: Database, clock: FakeClock) -> Ingestor:
    return await open_ingestor(db, clock)


@pytest.fixture
def ingest(db: Database, ingestor: Ingestor, clock: FakeClock) -> Callable[..., object]:
    async def run(*items: Item | BaseException, source: Scripted | None = None, **more: object) -> IngestReport:
        return await run_source(source or Scripted(list(items)), ingestor, db, clock, **more)  # type: ignore[arg-type]

    return run


async def _urls(db: Database, source: str = "site:test") -> set[str]:
    async with db.primary() as connection:
        return {url.rsplit("/", 1)[-1] for url in (await repository.urls_of(connection, source)).values()}


async def _last(db: Database) -> LastRun:
    async with db.primary() as connection:
        (run,) = await last_runs(connection)
    return run


async def test_what_a_full_set_no_longer_has_is_deleted(db: Database, page: Page, ingest: Ingest) -> None:
    await ingest(found(page("a")), found(page("b")), FULL)
    report = await ingest(found(page("b")), FULL)
    assert [one.action for one in report.results] == [Action.UNCHANGED, Action.DELETED]
    assert await _urls(db) == {"b"}


async def test_without_an_end_nothing_is_deleted(db: Database, page: Page, ingest: Ingest) -> None:
    await ingest(found(page("a")), found(page("b")), FULL)
    await ingest(found(page("b")))
    await ingest(found(page("b")), CHANGES)
    assert await _urls(db) == {"a", "b"}


async def test_a_source_that_has_nothing_at_all_deletes_nothing(db: Database, page: Page, ingest: Ingest) -> None:
    await ingest(found(page("a")), found(page("b")), FULL)
    await ingest(Skipped(page("a").url, "is on another site"), Gone(page("b").url), FULL)
    assert await _urls(db) == {"a", "b"}


async def test_missing_documents_are_kept_when_asked_for(db: Database, page: Page, ingest: Ingest) -> None:
    await ingest(found(page("a")), found(page("b")), FULL)
    await ingest(found(page("b")), FULL, delete_missing=False)
    assert await _urls(db) == {"a", "b"}


async def test_what_is_refused_keeps_its_old_document_and_others_are_still_deleted(
    db: Database, page: Page, ingest: Ingest
) -> None:
    await ingest(*(found(page(name)) for name in "abc"), FULL)
    report = await ingest(found(page("a")), Refused(page("b").url, "is broken"), Refused("new", "is broken"), FULL)
    assert await _urls(db) == {"a", "b"}
    assert report.count(Action.FAILED) == 2


async def test_nothing_is_deleted_while_it_is_not_known_whose_place_was_refused(
    db: Database, page: Page, ingest: Ingest, ingestor: Ingestor
) -> None:
    await ingestor.put(page("pushed"), "site:test")
    await ingest(found(page("a")), Refused("other", "is broken"), FULL)
    assert await _urls(db) == {"a", "pushed"}
    await ingest(found(page("a")), FULL)
    assert await _urls(db) == {"a"}


async def test_what_is_gone_is_deleted_when_only_changes_are_t(db: Database, page: Page, ingest: Ingest) -> None:
    await ingest(found(page("a")), found(page("b")), CHANGES)
    await ingest(Gone(page("a").url), Gone("never seen"), CHANGES)
    assert await _urls(db) == {"b"}


async def test_a_page_that_moved_leaves_no_double(db: Database, page: Page, ingest: Ingest) -> None:
    await ingest(Found(page("old"), Origin("post:7")), CHANGES)
    await ingest(Found(page("new"), Origin("post:7")), CHANGES)
    assert await _urls(db) == {"new"}


async def test_two_places_with_one_address_are_stored_once(db: Database, page: Page, ingest: Ingest) -> None:
    report = await ingest(Found(page("a"), Origin("x")), Found(page("a", body="Other."), Origin("y")), FULL)
    assert [(one.action, one.detail) for one in report.results][1] == (Action.SKIPPED, "has the same url as x")
    assert await _urls(db) == {"a"}


async def test_what_the_source_says_is_the_same_stays_and_is_cut_anew_when_that_is_due(
    db: Database, page: Page, ingest: Ingest
) -> None:
    await ingest(found(page("a"), etag="1"), FULL)
    same = Same(Origin(page("a").url, etag="2"))
    assert (await ingest(same, FULL)).results[0].action is Action.UNCHANGED
    async with db.primary() as connection:
        await connection.execute("UPDATE documents SET content_hash = 'of an older chunker'")
    source = Scripted([same, FULL])
    assert (await ingest(source=source)).results[0].action is Action.UPDATED
    assert source.known.origins[page("a").url].etag == "2"


async def test_a_date_that_is_only_a_guess_changes_nothing(page: Page, ingest: Ingest) -> None:
    later = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    await ingest(found(page("a")), FULL)
    assert (await ingest(found(page("a", updated_at=later), dated=False), FULL)).results[0].action is Action.UNCHANGED
    assert (await ingest(found(page("a", updated_at=later)), FULL)).results[0].action is Action.UPDATED
    changed = page("a", body="Other.", updated_at=later)
    assert (await ingest(found(changed, dated=False), FULL)).results[0].action is Action.UPDATED


async def test_the_next_run_goes_on_where_the_last_good_one_ended(page: Page, ingest: Ingest) -> None:
    await ingest(found(page("a")), End(full_set=False, cursor="1"))
    await ingest(Refused("b", "is broken"), End(full_set=False, cursor="2"))
    with pytest.raises(SourceFailed):
        await ingest(SourceFailed("The site is down."))
    for _ in range(30):
        await ingest(CHANGES)
    source = Scripted([CHANGES])
    await ingest(source=source)
    assert source.known.cursor == "1"


async def test_a_run_is_recorded_with_its_counts(db: Database, page: Page, ingest: Ingest, clock: FakeClock) -> None:
    await ingest(found(page("a")), Refused("b.pdf", "is damaged"), Skipped("c.png", "is a picture"), FULL)
    run = await _last(db)
    assert (run.source, run.kind, run.state) == ("site:test", Kind.SITE, RunState.DONE)
    assert (run.created, run.refused, run.skipped, run.documents) == (1, 1, 1, 1)
    assert run.error == "b.pdf: is damaged"
    assert run.started_at == run.ended_at == clock.now()


async def test_a_run_that_fails_is_recorded_and_keeps_what_it_stored(db: Database, page: Page, ingest: Ingest) -> None:
    with pytest.raises(SourceFailed):
        await ingest(found(page("a")), SourceFailed("The site is down."))
    run = await _last(db)
    assert (run.state, run.error, run.created) == (RunState.FAILED, "The site is down.", 1)
    assert await _urls(db) == {"a"}


class Waiting(Scripted):
    """Tells when it has yielded the first item, and then never ends."""

    def __init__(self, first: Item) -> None:
        super().__init__([first])
        self.reached = asyncio.Event()

    async def read(self, known: Known) -> AsyncIterator[Item]:
        """See `Source.read`."""
        yield self.items[0]  # type: ignore[misc]
        self.reached.set()
        await asyncio.Event().wait()


async def test_a_second_run_of_the_same_source_is_refused_and_another_source_is_not(
    db: Database, page: Page, ingest: Ingest
) -> None:
    waiting = Waiting(found(page("a")))
    first = asyncio.ensure_future(ingest(source=waiting))
    await waiting.reached.wait()
    assert (await _last(db)).state is RunState.RUNNING
    with pytest.raises(ProblemError) as refused:
        await ingest(FULL)
    assert refused.value.code is ProblemCode.CONFLICT
    assert "right now" in refused.value.problem.detail
    await ingest(source=Scripted([found(page("b")), FULL], name="site:other"))
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await ingest(found(page("c")), FULL)


async def test_a_run_that_is_stopped_is_interrupted_and_leaves_whole_documents(
    db: Database, page: Page, ingest: Ingest
) -> None:
    await ingest(found(page("old")), FULL)
    waiting = Waiting(found(page("a")))
    run = asyncio.ensure_future(ingest(source=waiting))
    await waiting.reached.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert (await _last(db)).state is RunState.INTERRUPTED
    assert await _urls(db) == {"old", "a"}


async def test_a_run_whose_process_died_is_shown_as_interrupted(db: Database, clock: FakeClock, empty_url: str) -> None:
    other = await Database.connect(empty_url, size=2)
    run = recorded(other, clock, "site:test", Kind.SITE)
    await run.__aenter__()
    assert (await _last(db)).state is RunState.RUNNING
    async with db.primary() as connection:  # as when the process is killed: its connections end
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = $1", LOCKS
        )

    async def is_shown() -> bool:
        return (await _last(db)).state is RunState.INTERRUPTED

    await eventually(is_shown)
    other.pool.terminate()
    async with recorded(db, clock, "site:test", Kind.SITE):
        assert (await _last(db)).state is RunState.RUNNING
