"""The search index of this process: a projection of the database that puts itself right.

    database --follow--> vector store + catalogue --search--> hits

`run` looks for changes all the time: another revision in the database, an order to start anew, a store that has gone.
While it takes over changes it answers from what it has; when it cannot agree with the database for too long, it is
stale and does not answer. Where replicas share a store one of them writes; the others follow with their catalogues.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from itertools import groupby

from contracts.errors import ProblemCode
from retrieval import repository
from retrieval.backends.port import Found, Point, Question, Scope, StoreLost, StoreUnavailable, VectorStore
from retrieval.catalogue import Catalogue
from retrieval.points import points_of
from retrieval.repository import CorpusState, StoredWindow
from retrieval.words import Words
from retrieval.writer import SoleWriter, Writer
from servicekit.db.pool import Database
from servicekit.embedding import QuickEmbedder
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

_BATCH = 50
STALE_AFTER_S = 300.0


class IndexState(StrEnum):
    """What the index is doing. Only a ready one answers."""

    STARTING = "starting"
    REBUILDING = "rebuilding"
    EMPTY = "empty"
    READY = "ready"
    STALE = "stale"
    UNREACHABLE = "unreachable"


class SearchIndex:
    """One vector store and the catalogue beside it. `revision`: the database's that both agree with, -1 before."""

    def __init__(
        self,
        db: Database,
        store: VectorStore,
        words: Words,
        catalogue: Catalogue,
        quick: QuickEmbedder,
        *,
        writer: Writer | None = None,
        stale_after_s: float = STALE_AFTER_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`writer`: whether this process may change the store (by default it may). `now`: seconds, never backwards."""
        self._db = db
        self._store = store
        self._words = words
        self._quick = quick
        self._writer: Writer = writer or SoleWriter()
        self._stale_after_s = stale_after_s
        self._now = now
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._writes = False
        self._stored: dict[str, str] | None = None  # version by document id: what the store holds
        self._known: dict[str, str] = {}  # the same: what the catalogue holds
        self._anew = False
        self._generation = 0
        self._epoch = -1
        self._state = IndexState.STARTING
        self._behind_since: float | None = None
        self.catalogue = catalogue
        self.revision = -1
        self.rebuilds = 0

    @property
    def state(self) -> IndexState:
        """What the index is doing; stale when the database has been ahead of it for too long."""
        if self._state is IndexState.READY and self.behind_s > self._stale_after_s:
            return IndexState.STALE
        return self._state

    @property
    def behind_s(self) -> float:
        """For how many seconds the database has been ahead of the index; 0 when they agree."""
        return 0.0 if self._behind_since is None else self._now() - self._behind_since

    @property
    def documents(self) -> int:
        """How many documents can be found."""
        return len(self._known)

    @property
    def writes(self) -> bool:
        """Whether this process is the one that changes the store."""
        return self._writes

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
            if corpus.revision != self.revision and self._behind_since is None:
                self._behind_since = self._now()
            await self._agree_who_writes()
            try:
                await self._open_or_recreate(corpus)
            except StoreLost:
                self._state = IndexState.REBUILDING  # by the replica that writes
                raise
            except StoreUnavailable:
                self._state = IndexState.UNREACHABLE
                raise
            if corpus.revision != self.revision or self._state not in (IndexState.READY, IndexState.EMPTY):
                await self._follow(corpus)
            self._behind_since = None

    async def rebuild(self) -> None:
        """Makes the store anew whatever it holds. Raises as `refresh`."""
        self._anew = True
        await self.refresh()

    async def search(self, question: Question, scope: Scope, limit: int, known: Found | None = None) -> Found:
        """Hits as the store finds them; `known` as in its port. Raises ProblemError(INDEX_UNAVAILABLE) unless ready."""
        self.check()
        generation = self._generation
        try:
            self._store.check()
            found = await self._store.search(question, scope, limit, known)
        except StoreUnavailable as error:
            self._lost(IndexState.REBUILDING if isinstance(error, StoreLost) else IndexState.UNREACHABLE)
            raise _unavailable(self._state) from error
        if generation != self._generation:
            raise _unavailable(self._state)
        return found

    def check(self) -> None:
        """Raises ProblemError(INDEX_UNAVAILABLE), which says why, unless the index answers."""
        if (state := self.state) is not IndexState.READY:
            raise _unavailable(state)

    def _lost(self, state: IndexState) -> None:
        self._state = state
        self._wake.set()

    async def _agree_who_writes(self) -> None:
        writes = await self._writer.is_ours()
        if writes and not self._writes:
            self._stored = None  # another has written meanwhile: look again at what there is
        self._writes = writes

    async def _open_or_recreate(self, corpus: CorpusState) -> None:
        if not self._writes:
            await self._store.probe()
            return
        if self._anew:
            self._epoch = corpus.epoch
            await self._recreate(keep_serving=False)
            self._anew = False
            return
        if self._stored is None:
            self._epoch = corpus.epoch
            try:
                self._stored = await self._store.open()
            except StoreLost:
                await self._recreate(keep_serving=False)
            return
        try:
            await self._store.probe()
        except StoreLost:
            self._lost(IndexState.REBUILDING)
        if self._state is IndexState.REBUILDING or corpus.epoch != self._epoch:
            await self._recreate(keep_serving=self._state is IndexState.READY)
            self._epoch = corpus.epoch

    async def _recreate(self, *, keep_serving: bool) -> None:
        self.revision = -1
        if not (keep_serving and self._store.serves_while_rebuilding):
            self._state = IndexState.REBUILDING
            self._generation += 1
        self.rebuilds += 1
        self._stored = None
        await self._store.recreate()
        self._stored = {}
        get_logger().warning("index_rebuilding")

    async def _follow(self, corpus: CorpusState) -> None:
        stored = self._stored if self._stored is not None and self._writes else {}
        async with self._db.primary() as db:
            wanted = await repository.searchable(db)
        for document_id in (stored.keys() | self._known.keys()) - wanted.keys():
            await self._forget(document_id, stored)
        behind = [
            one for one, version in wanted.items()
            if self._known.get(one) != version or (self._writes and stored.get(one) != version)
        ]  # fmt: skip
        for start in range(0, len(behind), _BATCH):
            await self._take_over(behind[start : start + _BATCH], stored)
        if self._writes:
            await self._store.flush()
        self.revision = corpus.revision
        self._state = IndexState.READY if wanted else IndexState.EMPTY
        get_logger().info("index_ready", documents=len(wanted), changed=len(behind), revision=corpus.revision)

    async def _take_over(self, document_ids: Sequence[str], stored: dict[str, str]) -> None:
        async with self._db.primary() as db:
            windows = await repository.windows_of(db, document_ids)
        for document_id, group in groupby(windows, key=lambda window: window.document_id):
            own = list(group)
            version = own[0].version
            if self._known.get(document_id) != version:
                self.catalogue.put(document_id, own)
                self._known[document_id] = version
            if self._writes and stored.get(document_id) != version:
                await self._store.put(document_id, await self._points_of(own))
                stored[document_id] = version

    async def _points_of(self, windows: Sequence[StoredWindow]) -> list[Point]:
        return await asyncio.to_thread(points_of, windows, self._words, self._quick)

    async def _forget(self, document_id: str, stored: dict[str, str]) -> None:
        if self._writes:
            await self._store.remove(document_id)
        stored.pop(document_id, None)
        self._known.pop(document_id, None)
        self.catalogue.remove(document_id)


def _unavailable(state: IndexState) -> ProblemError:
    return ProblemError(ProblemCode.INDEX_UNAVAILABLE, f"The knowledge index is {state.value}.", retry_after_s=1)
