"""What a running service holds beyond the kit: the model, the index, the search over it, and the way in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field

from threadpoolctl import threadpool_limits

from retrieval.answer_cache import AnswerCache
from retrieval.backends.choice import store_writer, vector_store
from retrieval.backends.port import VectorStore
from retrieval.catalogue import Catalogue
from retrieval.deepening.supervisor import Deepener
from retrieval.index import SearchIndex
from retrieval.ingestor import Ingestor
from retrieval.lexicon import Lexicon
from retrieval.rerank import CrossEncoder, Reranker
from retrieval.search import Searcher, Tools
from retrieval.settings import Settings
from retrieval.synonyms import Synonyms
from retrieval.vocabulary import Vocabulary
from retrieval.weights import Weights
from retrieval.words import Words
from servicekit.background import stop
from servicekit.context import Kit
from servicekit.embedding import Embedder, Goods, QuickEmbedder


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
    deepener: Deepener
    running: Running | None = None
    ingesting: asyncio.Lock = field(default_factory=asyncio.Lock)


@asynccontextmanager
async def open_knowledge_base(
    kit: Kit,
    settings: Settings,
    *,
    store: VectorStore | None = None,
    embedder: Embedder | None = None,
    quick: QuickEmbedder | None = None,
) -> AsyncIterator[KnowledgeBase]:
    """The knowledge base of a service, with its index following the database in the background until the end."""
    own: Embedder = embedder if embedder is not None else await asyncio.to_thread(Embedder.load)
    vectors = store or vector_store(settings)
    writer = store_writer(settings, kit.db)
    if quick is None:
        quick = await asyncio.to_thread(QuickEmbedder.load)
    words = Words()
    catalogue = Catalogue(Lexicon(words, own.pieces.knows), Vocabulary(words))
    stale_after_s = settings.index_stale_after_s
    index = SearchIndex(kit.db, vectors, words, catalogue, quick, writer=writer, stale_after_s=stale_after_s)
    deepener = Deepener(kit.db, settings.database_url)
    reranker = await asyncio.to_thread(_reranker, kit, settings)
    _measure(kit, index, deepener)
    tasks = [asyncio.create_task(index.run(settings.refresh_interval_s), name="index")]
    if settings.deepening:
        tasks.append(asyncio.create_task(deepener.run(settings.deepening_interval_s), name="deepening"))
    try:
        tools = Tools(own, quick, words, Synonyms.load(words), Weights.load(), Goods.load(), reranker)
        searched = kit.metrics.counter("aiguy_retrieval_answer_cache_total", "Look-ups of answers.", ["result"])
        cache = AnswerCache(kit.clock, lambda result: searched.labels(result).inc())
        searcher = Searcher(index, tools, cache, kit.clock)
        with one_thread_for_products():
            yield KnowledgeBase(index, searcher, Ingestor(kit.db, own.pieces, quick, kit.clock), deepener)
    finally:
        await stop(tasks)
        await writer.close()
        await vectors.close()
        if reranker is not None:
            reranker.close()
        if embedder is None:
            own.close()


def one_thread_for_products() -> AbstractContextManager[object]:
    """Within it numpy multiplies on the calling thread: more threads cost a search more than they save."""
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits


def _reranker(kit: Kit, settings: Settings) -> Reranker | None:
    if settings.reranker_model is None or settings.reranker_tokenizer is None:
        return None
    asked = kit.metrics.counter("aiguy_retrieval_reranker_total", "Searches that the cross-encoder saw.", ["result"])
    encoder = CrossEncoder.load(settings.reranker_model, settings.reranker_tokenizer)
    return Reranker(encoder, lambda result: asked.labels(result).inc())


def _measure(kit: Kit, index: SearchIndex, deepener: Deepener) -> None:
    documents = kit.metrics.gauge("aiguy_retrieval_index_documents", "Documents that can be found.")
    documents.set_function(lambda: index.documents)
    revision = kit.metrics.gauge("aiguy_retrieval_index_revision", "The database revision that the index agrees with.")
    revision.set_function(lambda: index.revision)
    behind = kit.metrics.gauge("aiguy_retrieval_index_behind_seconds", "For how long the database has been ahead.")
    behind.set_function(lambda: index.behind_s)
    rebuilds = kit.metrics.gauge("aiguy_retrieval_index_rebuilds", "Times that the index was made anew since start.")
    rebuilds.set_function(lambda: index.rebuilds)
    pending = kit.metrics.gauge("aiguy_retrieval_pending_windows", "Windows that have no deep vector yet.")
    pending.set_function(lambda: deepener.pending)
    failures = kit.metrics.gauge("aiguy_retrieval_deepening_failures", "Deepening processes that died since start.")
    failures.set_function(lambda: deepener.failures)
