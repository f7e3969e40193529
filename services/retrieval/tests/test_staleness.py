"""An index that cannot follow the database answers for a while, then says that it is stale."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from contracts.errors import ProblemCode
from contracts.knowledge import Document
from retrieval import repository
from retrieval.backends.edge import EdgeStore
from retrieval.backends.port import Question, Scope, Sparse, StoreUnavailable
from retrieval.catalogue import Catalogue
from retrieval.index import SearchIndex
from retrieval.ingestor import Ingestor
from retrieval.lexicon import Lexicon
from retrieval.vocabulary import Vocabulary
from retrieval.words import Words
from servicekit.db.pool import Database
from servicekit.embedding import DIMENSIONS, QUICK_DIMENSIONS, Embedder, QuickEmbedder
from servicekit.errors import ProblemError
from servicekit.testing import FakeClock

pytestmark = pytest.mark.service
Page = Callable[..., Document]


class Stubborn(EdgeStore):
    """A store that can refuse to be written to."""

    refuses = False

    async def put(self, document_id, points):  # type: ignore[no-untyped-def]
        if self.refuses:
            raise StoreUnavailable("full")
        await super().put(document_id, points)


@pytest.fixture
async def db(empty_url: str) -> AsyncIterator[Database]:
    opened = await Database.connect(empty_url, size=4)
    yield opened
    await opened.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Stubborn]:
    made = Stubborn(tmp_path / "index", DIMENSIONS, QUICK_DIMENSIONS)
    yield made
    await made.close()


@pytest.fixture
def ingestor(db: Database, embedder: Embedder, quick: QuickEmbedder, clock: FakeClock) -> Ingestor:
    return Ingestor(db, embedder.pieces, quick, clock)


@pytest.fixture
def index(db: Database, store: Stubborn, quick: QuickEmbedder, clock: FakeClock) -> SearchIndex:
    words = Words()
    catalogue = Catalogue(Lexicon(words, lambda _: True), Vocabulary(words))
    return SearchIndex(db, store, words, catalogue, quick, stale_after_s=60, now=lambda: clock.now().timestamp())


async def _search(index: SearchIndex, quick: QuickEmbedder, clock: FakeClock) -> int:
    question = Question(None, quick.embed(["tents"])[0], Sparse((), ()))
    return len((await index.search(question, Scope("web", clock.now().timestamp()), 5)).quick)


async def test_it_answers_while_it_is_a_little_behind_and_not_when_it_is_stale(
    index: SearchIndex, store: Stubborn, ingestor: Ingestor, quick: QuickEmbedder, page: Page, clock: FakeClock
) -> None:
    await ingestor.put(page("tents"), "api")
    await index.refresh()
    store.refuses = True
    await ingestor.put(page("pans"), "api")
    with pytest.raises(StoreUnavailable):
        await index.refresh()
    clock.advance(59)
    assert await _search(index, quick, clock) == 1
    clock.advance(2)
    assert index.state == "stale"
    with pytest.raises(ProblemError, match="stale") as caught:
        await _search(index, quick, clock)
    assert caught.value.problem.code is ProblemCode.INDEX_UNAVAILABLE
    store.refuses = False
    await index.refresh()
    assert (index.state, index.behind_s) == ("ready", 0)
    assert await _search(index, quick, clock) == 2


async def test_an_old_index_that_agrees_with_the_database_is_not_stale(
    index: SearchIndex, ingestor: Ingestor, page: Page, clock: FakeClock
) -> None:
    await ingestor.put(page("tents"), "api")
    await index.refresh()
    clock.advance(86_400)
    assert index.state == "ready"


async def test_windows_without_a_quick_vector_get_one_when_they_are_indexed(
    index: SearchIndex, db: Database, ingestor: Ingestor, quick: QuickEmbedder, page: Page, clock: FakeClock
) -> None:
    await ingestor.put(page("tents"), "api")
    async with db.transaction() as connection:
        await connection.execute("UPDATE windows SET quick = NULL")
    await index.refresh()
    question = Question(None, quick.embed([f"{page('tents').title}\nAll about tents."])[0], Sparse((), ()))
    (hit,) = (await index.search(question, Scope("web", clock.now().timestamp()), 5)).quick
    assert hit.quick > 0.9
    async with db.primary() as connection:
        (window,) = await repository.windows_of(connection, [page("tents").id])
    assert window.quick is None
