"""The bench still fits the search that it measures: a few pages, a few questions, the times of all that count."""

from pathlib import Path

import pytest

from retrievalbench.corpus import Corpus
from retrievalbench.searching import WARM_UP, in_process
from retrievalbench.store import fill
from servicekit.db.pool import Database
from servicekit.embedding import Embedder
from servicekit.testing.databases import TestDatabases


@pytest.mark.service
async def test_a_small_base_is_filled_indexed_and_searched(postgres_server: TestDatabases, tmp_path: Path) -> None:
    corpus, embedder = Corpus(), Embedder.load()
    db = await Database.connect(postgres_server.create("retrieval"), size=4)
    try:
        filled = await fill(db, corpus, 1, embedder, deep_sample=1)
        made, found = await in_process(db, tmp_path / "index", embedder, corpus.questions()[: WARM_UP + 8])
    finally:
        await db.close()
        embedder.close()
    assert filled.totals.chunks >= 1
    assert made > 0
    assert 0 < found.p50 <= found.p95
