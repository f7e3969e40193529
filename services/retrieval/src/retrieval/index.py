"""The search index of this process: a projection of the database that puts itself right.

    database --follow--> vector store + catalogue --search--> hits

`run` looks for changes all the time: another revision in the database, an order to start anew, a store that has gone
from the disk. Until the index agrees with the database it does not answer.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from itertools import groupby

from contracts.errors import ProblemCode
from retrieval import repository
from retrieval.backends.port import Found, Point, Question, Scope, StoreUnavailable, VectorStore
from retrieval.catalogue import Catalogue
from retrieval.points import points_of
from retrieval.repository import CorpusState, StoredWindow
from retrieval.words import Words
from servicekit.db.pool import Database
from servicekit.embedding import QuickEmbedder
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

_BATCH = 50


class IndexState(StrEnum):
    """What the index is doing. Only a ready one answers."""

    STARTING = "starting"
    REBUILDING = "rebuilding"
    EMPTY = "empty"
    READY = "ready"


class SearchIndex:
    """One vector store and the catalogue beside it. `revision`: the database's that both agree with, -1 before."""

    def __init__(
        self, db: Database, store: VectorStore, words: Words, catalogue: Catalogue, quick: QuickEmbedder
    ) -> None:
        self._db = db
        self._store = store
        self._words = words
        self._quick = quick
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._stored: dict[str, str] | None = None  # version by document id: what the store holds
        self._generation = 0
        self._epoch = -1
        self.catalogue = catalogue
        self.state = IndexState.STARTING
        self.revision = -1
        self.rebuilds = 0

    @property
    def documents(self) -> int:
        """How many documents can be found."""
        return len(self._stored or ())

    async def run(self, interval_s: float) -> None:
        """Keeps the index right until cancelled: looks every `interval_s` seconds, or at once when it was lost."""
        while True:
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001
                # The edge of a background task: whatever went wrong, the next look must still come.
                get_logger().warning("index_refresh_failed", error=type(error).__name__, state=self.state.value)
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(interval_s):
                    await self._wake.wait()

    async def refresh(self) -> None:
        """Makes the index agree with the database as it is now. Raises ProblemError or StoreUnavailable."""
        async with self._lock:
            async with self._db.primary() as db:
                corpus = await repository.corpus_state(db)
            await self._open_or_recreate(corpus)
            if corpus.revision != self.revision or self.state not in (IndexState.READY, IndexState.EMPTY):
                await self._follow(corpus)

    async def search(self, question: Question, scope: Scope, limit: int) -> Found:
        """Hits as the store finds them. Raises ProblemError(INDEX_UNAVAILABLE) while the index is not ready."""
        self.check()
        generation = self._generation
        try:
            self._store.check()
            found = await self._store.search(question, scope, limit)
        except StoreUnavailable as error:
            self._lost()
            raise _unavailable(self.state) from error
        if generation != self._generation:
            raise _unavailable(self.state)
        return found

    def check(self) -> None:
        """Raises ProblemError(INDEX_UNAVAILABLE), which says why, unless the index answers."""
        if self.state is not IndexState.READY:
            raise _unavailable(self.state)

    def _lost(self) -> None:
        self.state = IndexState.REBUILDING
        self._wake.set()

    async def _open_or_recreate(self, corpus: CorpusState) -> None:
        if self._stored is None:
            self._epoch = corpus.epoch
            try:
                self._stored = await self._store.open()
            except StoreUnavailable:
                await self._recreate()
            return
        try:
            self._store.check()
        except StoreUnavailable:
            self._lost()
        if self.state is IndexState.REBUILDING or corpus.epoch != self._epoch:
            await self._recreate()
            self._epoch = corpus.epoch

    async def _recreate(self) -> None:
        self.state = IndexState.REBUILDING
        self._generation += 1
        self.rebuilds += 1
        self._stored = None
        await self._store.recreate()
        self._stored = {}
        get_logger().warning("index_rebuilding")

    async def _follow(self, corpus: CorpusState) -> None:
        stored = self._stored if self._stored is not None else {}
        async with self._db.primary() as db:
            wanted = await repository.searchable(db)
        for document_id in (stored.keys() | self.catalogue.documents) - wanted.keys():
            await self._forget(document_id, stored)
        known = self.catalogue.documents
        behind = [one for one, digest in wanted.items() if stored.get(one) != digest or one not in known]
        for start in range(0, len(behind), _BATCH):
            await self._take_over(behind[start : start + _BATCH], stored)
        await self._store.flush()
        self.revision = corpus.revision
        self.state = IndexState.READY if wanted else IndexState.EMPTY
        get_logger().info("index_ready", documents=len(wanted), changed=len(behind), revision=corpus.revision)

    async def _take_over(self, document_ids: Sequence[str], stored: dict[str, str]) -> None:
        async with self._db.primary() as db:
            windows = await repository.windows_of(db, document_ids)
        for document_id, group in groupby(windows, key=lambda window: window.document_id):
            own = list(group)
            self.catalogue.put(document_id, own)
            if stored.get(document_id) != own[0].version:
                await self._store.put(document_id, await self._points_of(own))
                stored[document_id] = own[0].version

    async def _points_of(self, windows: Sequence[StoredWindow]) -> list[Point]:
        return await asyncio.to_thread(points_of, windows, self._words, self._quick)

    async def _forget(self, document_id: str, stored: dict[str, str]) -> None:
        await self._store.remove(document_id)
        stored.pop(document_id, None)
        self.catalogue.remove(document_id)


def _unavailable(state: IndexState) -> ProblemError:
    return ProblemError(ProblemCode.INDEX_UNAVAILABLE, f"The knowledge index is {state.value}.", retry_after_s=1)
