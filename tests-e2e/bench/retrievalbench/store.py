"""Fills a database with so many chunks, and takes the times of it."""

import asyncio
import time
from dataclasses import dataclass

import numpy as np

from contracts.knowledge import Document
from retrieval import repository
from retrieval.deepening import queue
from retrieval.ingestor import Ingestor
from retrievalbench.corpus import Corpus
from servicekit.clock import SystemClock
from servicekit.db.pool import Database
from servicekit.embedding import DIMENSIONS, Embedder, QuickEmbedder

_PAGE = 2000


@dataclass(frozen=True, slots=True)
class Filled:
    """See `Figures`."""

    totals: repository.Totals
    ingest: float
    ingest_cpu: float
    deepening: float
    deep_sample: int


async def fill(db: Database, corpus: Corpus, chunks: int, embedder: Embedder, deep_sample: int) -> Filled:
    """Stores pages until there are `chunks`; the deep model sees `deep_sample` windows, the others get stand-ins."""
    ingestor = Ingestor(db, embedder.pieces, QuickEmbedder.load(), SystemClock())
    stored, wall, cpu = 0, 0.0, 0.0
    pages = corpus.pages()
    while stored < chunks:
        batch: list[Document] = [next(pages) for _ in range(20)]
        started, started_cpu = time.perf_counter(), time.process_time()
        stored += sum(one.chunks for one in await ingestor.ingest(batch, source="bench", full_set=False))
        wall += time.perf_counter() - started
        cpu += time.process_time() - started_cpu
    started = time.perf_counter()
    await _deepen(db, embedder, deep_sample)
    deepening = deep_sample / (time.perf_counter() - started)
    await _stand_in(db)
    async with db.primary() as connection:
        totals = await repository.totals(connection)
    return Filled(totals, stored / wall, stored / cpu, deepening, deep_sample)


async def _deepen(db: Database, embedder: Embedder, windows: int) -> None:
    async with db.primary() as connection:
        texts = await queue.next_texts(connection, windows)
    vectors = await embedder.embed(list(texts.values()))
    async with db.transaction() as connection:
        await queue.store(connection, dict(zip(texts, vectors, strict=True)))


async def _stand_in(db: Database) -> None:
    """A fixed projection of the quick vector: texts that are near each other stay near each other."""
    projection = np.random.default_rng(1).normal(size=(256, DIMENSIONS)).astype(np.float32)
    while True:
        async with db.transaction() as connection:
            rows = await connection.fetch("SELECT digest, quick FROM windows WHERE embedding IS NULL LIMIT $1", _PAGE)
            if not rows:
                return
            quick = np.stack([np.frombuffer(row["quick"], dtype="<f2").astype(np.float32) for row in rows])
            deep = await asyncio.to_thread(lambda one: one @ projection, quick)
            deep /= np.linalg.norm(deep, axis=1, keepdims=True)
            await queue.store(connection, dict(zip((row["digest"] for row in rows), deep, strict=True)))
