"""What a running service holds beyond the kit: the model, the index, the search over it, and the way in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from retrieval.backends.edge import EdgeStore
from retrieval.backends.port import VectorStore
from retrieval.catalogue import Catalogue
from retrieval.index import SearchIndex
from retrieval.ingestor import Ingestor
from retrieval.lexicon import Lexicon
from retrieval.search import Searcher
from retrieval.settings import Settings
from retrieval.words import Words
from servicekit.context import Kit
from servicekit.embedding import DIMENSIONS, QUICK_DIMENSIONS, Embedder, QuickEmbedder


@dataclass(slots=True)
class Running:
    """An ingest that is under way: `done` of `total` documents."""

    source: str
    total: int
    done: int = 0


@dataclass(slots=True)
class KnowledgeBase:
    """One per running service. `running` is the ingest under way; the lock lets one run at a time."""

    index: SearchIndex
    searcher: Searcher
    ingestor: Ingestor
    running: Running | None = None
    ingesting: asyncio.Lock = field(default_factory=asyncio.Lock)


@asynccontextmanager
async def open_knowledge_base(
    kit: Kit, settings: Settings, *, store: VectorStore | None = None, embedder: Embedder | None = None
) -> AsyncIterator[KnowledgeBase]:
    """The knowledge base of a service, with its index following the database in the background until the end."""
    own: Embedder = embedder if embedder is not None else await asyncio.to_thread(Embedder.load)
    vectors = store or EdgeStore(settings.index_dir, DIMENSIONS, QUICK_DIMENSIONS)
    quick = await asyncio.to_thread(QuickEmbedder.load)
    words = Words()
    index = SearchIndex(kit.db, vectors, words, Catalogue(Lexicon(words, own.pieces.knows)), quick)
    _measure(kit, index)
    following = asyncio.create_task(index.run(settings.refresh_interval_s))
    try:
        searcher = Searcher(index, own, quick, words, kit.clock)
        yield KnowledgeBase(index, searcher, Ingestor(kit.db, own.pieces, quick, kit.clock))
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await vectors.close()
        if embedder is None:
            own.close()


def _measure(kit: Kit, index: SearchIndex) -> None:
    documents = kit.metrics.gauge("aiguy_retrieval_index_documents", "Documents that can be found.")
    documents.set_function(lambda: index.documents)
    revision = kit.metrics.gauge("aiguy_retrieval_index_revision", "The database revision that the index agrees with.")
    revision.set_function(lambda: index.revision)
    rebuilds = kit.metrics.gauge("aiguy_retrieval_index_rebuilds", "Times that the index was made anew since start.")
    rebuilds.set_function(lambda: index.rebuilds)
