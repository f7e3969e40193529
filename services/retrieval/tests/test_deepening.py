"""Deep vectors follow what is stored: once per text, in a process of their own, whatever happens to that process."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from contracts.knowledge import Action, Document
from retrieval import repository
from retrieval.backends.port import Vector
from retrieval.deepening import deepen_all, queue
from retrieval.deepening.supervisor import Deepener
from retrieval.ingestor import Ingestor
from servicekit.background import stop
from servicekit.db.pool import Database
from servicekit.embedding import DIMENSIONS, Embedder, QuickEmbedder
from servicekit.testing import FakeClock, eventually
from servicekit.testing.asked import TYPES_ASKED, watched_anew

pytestmark = pytest.mark.service
Page = Callable[..., Document]


@pytest.fixture
async def db(empty_url: str) -> AsyncIterator[Database]:
    opened = await Database.connect(empty_url, size=6)
    yield opened
    await opened.close()


@pytest.fixture
def ingestor(db: Database, embedder: Embedder, quick: QuickEmbedder, clock: FakeClock) -> Ingestor:
    return Ingestor(db, embedder.pieces, quick, clock)


class Model:
    """Stands in for the deep model: one vector for all texts. Remembers them; can be held up, and can break."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.error: Exception | None = None

    async def embed(self, texts: list[str]) -> Vector:
        self.texts += texts
        self.started.set()
        await self.go_on.wait()
        if self.error:
            raise self.error
        return np.full((len(texts), DIMENSIONS), DIMENSIONS**-0.5, dtype=np.float32)


async def _pending(db: Database) -> int:
    async with db.primary() as connection:
        return await queue.pending_windows(connection)


async def _versions(db: Database) -> tuple[int, dict[str, str]]:
    async with db.primary() as connection:
        return (await repository.corpus_state(connection)).revision, await repository.searchable(connection)


async def test_a_stored_document_waits_for_its_deep_vectors_and_gets_them(
    db: Database, ingestor: Ingestor, page: Page
) -> None:
    await ingestor.put(page("tents"), "api")
    assert await _pending(db) == 1
    steps: list[tuple[int, int]] = []
    assert await deepen_all(db, Model().embed, progress=lambda *step: steps.append(step)) == 1
    assert (await _pending(db), steps) == (0, [(1, 0)])
    async with db.primary() as connection:
        (window,) = await repository.windows_of(connection, [page("tents").id])
    assert window.deep is not None
    assert window.quick is not None
    assert np.allclose(window.deep, DIMENSIONS**-0.5)


async def test_indexes_hear_of_it_once_the_document_is_complete(db: Database, ingestor: Ingestor, page: Page) -> None:
    await ingestor.put(page("tents"), "api")
    before, versions = await _versions(db)
    await deepen_all(db, Model().embed)
    after, deepened = await _versions(db)
    assert after > before
    assert deepened.keys() == versions.keys()
    assert deepened != versions


async def test_the_same_text_is_embedded_once(db: Database, ingestor: Ingestor, page: Page) -> None:
    for slug in ("tents", "huts"):
        await ingestor.put(page(slug, title="Same", body="# Same\n\nThe same words."), "api")
    model = Model()
    await deepen_all(db, model.embed)
    assert len(model.texts) == 1
    assert await _pending(db) == 0


async def test_a_changed_document_keeps_the_vectors_of_what_did_not_change(
    db: Database, ingestor: Ingestor, page: Page
) -> None:
    await ingestor.put(page("tents", body="# Pegs\n\nOf steel.\n\n# Poles\n\nOf wood."), "api")
    await deepen_all(db, Model().embed)
    outcome = await ingestor.put(page("tents", body="# Pegs\n\nOf steel.\n\n# Poles\n\nOf fibre."), "api")
    assert outcome.action is Action.UPDATED
    model = Model()
    await deepen_all(db, model.embed)
    assert [text.split("\n")[-1] for text in model.texts] == ["Of fibre."]


async def test_a_document_with_other_tags_alone_needs_no_model(db: Database, ingestor: Ingestor, page: Page) -> None:
    await ingestor.put(page("tents"), "api")
    await deepen_all(db, Model().embed)
    await ingestor.put(page("tents", tags=("new",)), "api")
    assert await _pending(db) == 0
    assert all(version.endswith("+") for version in (await _versions(db))[1].values())


async def test_a_document_replaced_meanwhile_gets_no_vector_of_its_old_text(
    db: Database, ingestor: Ingestor, page: Page
) -> None:
    await ingestor.put(page("tents", body="Old."), "api")
    model = Model()
    model.go_on.clear()
    working = asyncio.create_task(deepen_all(db, model.embed))
    await model.started.wait()
    await ingestor.put(page("tents", body="New."), "api")
    model.go_on.set()
    await working
    assert [text.split("\n")[-1] for text in model.texts] == ["Old.", "New."]
    assert await _pending(db) == 0


async def test_a_batch_that_fails_stores_nothing_and_is_done_again(
    db: Database, ingestor: Ingestor, page: Page
) -> None:
    await ingestor.put(page("tents"), "api")
    before = await _versions(db)
    broken = Model()
    broken.error = RuntimeError("out of memory")
    with pytest.raises(RuntimeError):
        await deepen_all(db, broken.embed)
    assert (await _pending(db), await _versions(db)) == (1, before)
    await deepen_all(db, Model().embed)
    assert await _pending(db) == 0


async def test_a_transaction_undone_half_way_leaves_the_old_version(
    db: Database, ingestor: Ingestor, page: Page
) -> None:
    await ingestor.put(page("tents"), "api")
    before = await _versions(db)
    async with db.primary() as connection:
        texts = await queue.next_texts(connection, 10)

    async def interrupted() -> None:
        async with db.transaction() as connection:
            await queue.store(connection, {digest: np.ones(DIMENSIONS, np.float32) for digest in texts})
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await interrupted()
    assert (await _pending(db), await _versions(db)) == (1, before)


async def test_new_connections_are_asked_for_no_types_when_vectors_are_stored(
    db: Database, ingestor: Ingestor, page: Page
) -> None:
    await ingestor.put(page("tents"), "api")
    asked = await watched_anew(db)
    await deepen_all(db, Model().embed)
    assert await _pending(db) == 0
    assert any("UPDATE windows" in one for one in asked)
    assert not [one for one in asked if TYPES_ASKED in one]


async def test_what_an_older_release_stored_gets_the_digest_that_this_one_would_give(
    db: Database, ingestor: Ingestor, page: Page
) -> None:
    await ingestor.put(page("tents", title="Zelte – für jedes Wetter"), "api")
    script = (Path(repository.__file__).parent / "migrations" / "versions" / "0002_two_step_ingest.sql").read_text()
    (statement,) = re.findall(r"^UPDATE windows.*?;", script, re.MULTILINE | re.DOTALL)
    async with db.transaction() as connection:
        before = await connection.fetchval("SELECT digest FROM windows")
        await connection.execute("UPDATE windows SET digest = ''")
        await connection.execute(statement)
        assert await connection.fetchval("SELECT digest FROM windows") == before


async def test_two_workers_never_work_at_once(db: Database, ingestor: Ingestor, page: Page) -> None:
    await ingestor.put(page("tents"), "api")
    first, second = Model(), Model()
    first.go_on.clear()
    working = asyncio.create_task(deepen_all(db, first.embed))
    await first.started.wait()
    waiting = asyncio.create_task(deepen_all(db, second.embed))
    async with db.primary() as connection:
        assert await queue.is_worked_on(connection)
    first.go_on.set()
    assert (await working, await waiting) == (1, 0)
    assert second.texts == []
    async with db.primary() as connection:
        assert not await queue.is_worked_on(connection)


@asynccontextmanager
async def _supervised(db: Database, url: str, *script: str, patience_s: float = 60) -> AsyncIterator[Deepener]:
    command = (sys.executable, "-c", script[0]) if script else (sys.executable, "-m", "retrieval.deepen")
    deepener = Deepener(db, url, command=command, pause_s=0.01, patience_s=patience_s)
    task = asyncio.create_task(deepener.run(0.05))
    try:
        yield deepener
    finally:
        await stop([task])


async def test_the_service_has_it_done_by_a_process_that_then_ends(
    db: Database, empty_url: str, ingestor: Ingestor, page: Page
) -> None:
    await ingestor.put(page("tents"), "api")
    async with _supervised(db, empty_url) as deepener:
        await eventually(lambda: deepener.child_id is not None)
        child = deepener.child_id or 0
        assert child != os.getpid()

        async def done() -> bool:
            return await _pending(db) == 0 and deepener.child_id is None

        await eventually(done, 60)
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
    assert deepener.failures == 0


async def test_a_killed_child_is_counted_and_followed_by_another(
    db: Database, empty_url: str, ingestor: Ingestor, page: Page
) -> None:
    await ingestor.put(page("tents"), "api")
    before = await _versions(db)
    async with _supervised(db, empty_url, "import time; time.sleep(60)") as deepener:
        await eventually(lambda: deepener.child_id is not None)
        first = deepener.child_id or 0
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: deepener.child_id not in (None, first))
        assert deepener.failures == 1
        assert await _versions(db) == before


async def test_a_child_that_hangs_in_mid_work_is_killed_and_followed_by_another(
    db: Database, empty_url: str, ingestor: Ingestor, page: Page
) -> None:
    await ingestor.put(page("tents"), "api")
    hangs = "import time; print('64 windows done', flush=True); time.sleep(600)"
    async with _supervised(db, empty_url, hangs, patience_s=0.5) as deepener:
        await eventually(lambda: deepener.child_id is not None)
        first = deepener.child_id or 0
        await eventually(lambda: deepener.child_id not in (None, first), 20)
        assert deepener.failures >= 1
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)


async def test_a_child_ends_with_the_service(db: Database, empty_url: str, ingestor: Ingestor, page: Page) -> None:
    await ingestor.put(page("tents"), "api")
    async with _supervised(db, empty_url, "import time; time.sleep(60)") as deepener:
        await eventually(lambda: deepener.child_id is not None)
        child = deepener.child_id or 0
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


async def test_no_child_starts_when_another_replica_is_at_work(
    db: Database, empty_url: str, ingestor: Ingestor, page: Page
) -> None:
    await ingestor.put(page("tents"), "api")
    async with db.primary() as elsewhere:
        assert await queue.take_lock(elsewhere)
        async with _supervised(db, empty_url) as deepener:
            await eventually(lambda: deepener.pending == 1)
            assert deepener.child_id is None
        await queue.release_lock(elsewhere)


async def test_no_child_starts_when_nothing_is_pending(db: Database, empty_url: str) -> None:
    async with _supervised(db, empty_url, "raise SystemExit(1)") as deepener:
        await eventually(lambda: deepener.looks > 2)
        assert (deepener.child_id, deepener.failures) == (None, 0)
