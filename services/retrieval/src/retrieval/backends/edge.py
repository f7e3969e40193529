"""The vector store in this process: a Qdrant shard in a folder of its own.

One worker thread makes all calls: they take well under a millisecond, and the shard must not be written from two
threads at once. A lock on a file beside the folder keeps a second process out.
"""

import asyncio
import fcntl
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeVar

import qdrant_edge as edge

from retrieval.backends.lists import to_ask, to_found, with_known
from retrieval.backends.payload import KEYWORDS, NUMBERS, complete, from_payload, from_stored, kind, to_payload
from retrieval.backends.port import Found, Labels, Point, Question, Scope, StoreLost, StoreUnavailable

_T = TypeVar("_T")
_CONFIG = "edge_config.json"
_PAGE = 1000
_DEPTH = 2


class EdgeStore:
    """A `VectorStore` over `folder`; nothing is opened before `open`."""

    serves_while_rebuilding = False

    def __init__(self, folder: Path, deep_dimensions: int, quick_dimensions: int) -> None:
        self._folder = folder
        self._sizes = {"deep": deep_dimensions, "quick": quick_dimensions}
        self._shard: edge.EdgeShard | None = None
        self._inode = 0
        self._labels: dict[str, Labels] = {}  # by point id
        self._points: dict[str, list[str]] = {}  # by document id
        self._lock: IO[bytes] | None = None
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vectors")

    async def open(self) -> dict[str, str]:
        """See the port."""
        return await self._run(self._open)

    async def recreate(self) -> None:
        """See the port."""
        await self._run(self._recreate)

    async def probe(self) -> None:
        """See the port."""
        self.check()

    async def put(self, document_id: str, points: Sequence[Point]) -> None:
        """See the port."""
        await self._run(lambda: self._put(document_id, points))

    async def remove(self, document_id: str) -> None:
        """See the port."""
        await self._run(lambda: self._put(document_id, ()))

    async def search(self, question: Question, scope: Scope, limit: int, known: Found | None = None) -> Found:
        """See the port."""
        return await self._run(lambda: self._search(question, scope, limit, known))

    async def flush(self) -> None:
        """See the port."""
        await self._run(lambda: self._opened().flush())

    async def points(self) -> AsyncIterator[list[Point]]:
        """See the port."""
        offset: Any = None
        while True:
            page, offset = await self._run(partial(self._page, offset))
            yield page
            if offset is None:
                return

    def check(self) -> None:
        """See the port. A shard answers on for a while after its folder was deleted, so the folder is looked at."""
        try:
            inode = (self._folder / _CONFIG).stat().st_ino
        except OSError as error:
            raise StoreLost("the index is gone from the disk") from error
        if self._shard is None or inode != self._inode:
            raise StoreLost("the index is not open")

    async def close(self) -> None:
        """See the port."""
        await self._run(self._let_go)
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        self._worker.shutdown(wait=True)

    async def _run(self, call: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, call)
        except StoreUnavailable:
            raise
        except Exception as error:
            if type(error) is not Exception and not isinstance(error, OSError):
                raise  # a mistake of ours; the engine raises bare `Exception` for everything
            raise StoreLost("the index cannot be used") from error

    def _open(self) -> dict[str, str]:
        self._let_go()
        self._take_lock()
        if not (self._folder / _CONFIG).exists():
            raise StoreLost("there is no index yet")
        self._shard = edge.EdgeShard.load(str(self._folder), self._config())
        self._inode = (self._folder / _CONFIG).stat().st_ino
        return self._contents(self._shard)

    def _recreate(self) -> None:
        self._let_go()
        self._take_lock()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._labels, self._points = {}, {}
        shard = edge.EdgeShard.create(str(self._folder), self._config())
        for names, form in ((KEYWORDS, edge.PayloadSchemaType.Keyword), (NUMBERS, edge.PayloadSchemaType.Float)):
            for name in names:
                shard.update(edge.UpdateOperation.create_field_index(name, form))
        shard.flush()
        self._shard = shard
        self._inode = (self._folder / _CONFIG).stat().st_ino

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        lock = self._folder.with_name(self._folder.name + ".lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise StoreUnavailable("another process has the index open") from error
        self._lock = lock

    def _config(self) -> edge.EdgeConfig:
        # Two bytes a number: cosines stay the same to four digits, and going over all of them takes half the time.
        form, cosine = edge.VectorStorageDatatype.Turbo16, edge.Distance.Cosine
        vectors = {
            name: edge.EdgeVectorParams(size=size, distance=cosine, datatype=form) for name, size in self._sizes.items()
        }
        words = {"words": edge.EdgeSparseVectorParams()}
        # No log of writes: what a crash takes away is missed by `complete`, and comes from the database again.
        return edge.EdgeConfig(vectors=vectors, sparse_vectors=words, wal_enabled=False)

    def _let_go(self) -> None:
        shard, self._shard = self._shard, None
        if shard is not None:
            # A shard whose folder was deleted cannot be flushed; there is nothing left to save.
            with suppress(Exception):
                shard.close()

    def _opened(self) -> edge.EdgeShard:
        if self._shard is None:
            raise StoreLost("the index is not open")
        return self._shard

    def _contents(self, shard: edge.EdgeShard) -> dict[str, str]:
        labels: dict[Labels, Labels] = {}  # one object for all points of a document
        self._labels = {}
        offset: Any = None
        while True:
            records, offset = shard.scroll(edge.ScrollRequest(limit=_PAGE, offset=offset, with_payload=True))
            for record in records:
                found = from_payload(record.payload or {})
                self._labels[str(record.id)] = labels.setdefault(found, found)
            if offset is None:
                break
        self._points = {}
        for point, one in self._labels.items():
            self._points.setdefault(one.document_id, []).append(point)
        return complete(self._labels.values())

    def _page(self, offset: Any) -> tuple[list[Point], Any]:
        asked = edge.ScrollRequest(limit=_PAGE, offset=offset, with_payload=True, with_vector=True)
        records, after = self._opened().scroll(asked)
        return [from_stored(str(one.id), one.vector, one.payload) for one in records], after

    def _put(self, document_id: str, points: Sequence[Point]) -> None:
        shard = self._opened()
        if old := self._points.pop(document_id, None):
            same = edge.FieldCondition("document_id", match=edge.MatchValue(document_id))
            shard.update(edge.UpdateOperation.delete_points_by_filter(edge.Filter(must=[same])))
            for point in old:
                self._labels.pop(point, None)
        if points:
            self._points[document_id] = [point.id for point in points]
            self._labels.update((point.id, point.labels) for point in points)
            shard.update(edge.UpdateOperation.upsert_points([_to_edge(point) for point in points]))

    def _search(self, question: Question, scope: Scope, limit: int, known: Found | None) -> Found:
        shard = self._opened()
        meaning = {"quick": edge.Query.Nearest(question.quick.tolist(), using="quick")}
        if question.deep is not None:
            meaning["deep"] = edge.Query.Nearest(question.deep.tolist(), using="deep")
        asked = dict(meaning)
        if (sparse := question.sparse).indices:
            vector = edge.SparseVector(list(sparse.indices), list(sparse.values))
            asked["words"] = edge.Query.Nearest(vector, using="words")
        lists = with_known(self._allowed(shard, to_ask(asked, known), scope, limit), known)
        # Scored once more by id: whichever signal found a point, the caller wants to know both cosines.
        ids = {one for points in lists.values() for one in points}
        only = edge.Filter(must=[edge.HasIdCondition({*ids})])
        answers = self._ask(shard, meaning, only, len(ids)) if ids else {}
        return to_found(lists, {name: {str(one.id): one.score for one in said} for name, said in answers.items()})

    def _allowed(
        self, shard: edge.EdgeShard, queries: dict[str, edge.Query], scope: Scope, limit: int
    ) -> dict[str, list[str]]:
        """Ids of the points in `scope`, best first, for each query. A filter costs the engine more than the search
        itself, so it is left out where the labels that we remember let through enough of the first hits anyway."""
        if scope.tags or scope.policies_only or scope.updated_after is not None:
            return _ids(self._ask(shard, queries, _filter(scope), limit))
        found: dict[str, list[str]] = {}
        for name, said in self._ask(shard, queries, None, _DEPTH * limit).items():
            allowed = (point for one in said if self._is_allowed(point := str(one.id), scope))
            found[name] = list(islice(allowed, limit))
            if len(found[name]) < limit and len(said) == _DEPTH * limit:
                found |= _ids(self._ask(shard, {name: queries[name]}, _filter(scope), limit))
        return found

    def _is_allowed(self, point: str, scope: Scope) -> bool:
        labels = self._labels.get(point)
        return labels is not None and scope.allows(labels)

    @staticmethod
    def _ask(
        shard: edge.EdgeShard, queries: dict[str, edge.Query], filtered: edge.Filter | None, limit: int
    ) -> dict[str, list[edge.ScoredPoint]]:
        """The engine's answer to each of the named queries, best first."""
        requests = [edge.QueryRequest(limit=limit, query=query, filter=filtered) for query in queries.values()]
        return dict(zip(queries, shard.query_batch(edge.QueryBatchRequest(requests)), strict=True)) if requests else {}


def _ids(answers: dict[str, list[edge.ScoredPoint]]) -> dict[str, list[str]]:
    return {name: [str(one.id) for one in said] for name, said in answers.items()}


def _filter(scope: Scope) -> edge.Filter:
    must = [
        edge.FieldCondition("channels", match=edge.MatchValue(scope.channel)),
        edge.FieldCondition("expires_at", range=edge.RangeFloat(gt=scope.now)),
    ]
    if scope.tags:
        must.append(edge.FieldCondition("tags", match=edge.MatchAny(any=list(scope.tags))))
    if scope.policies_only:
        must.append(edge.FieldCondition("kind", match=edge.MatchValue(kind(True))))
    if scope.updated_after is not None:
        must.append(edge.FieldCondition("updated_at", range=edge.RangeFloat(gt=scope.updated_after)))
    return edge.Filter(must=list(must))


def _to_edge(point: Point) -> edge.Point:
    words = edge.SparseVector(list(point.sparse.indices), list(point.sparse.values))
    vectors: dict[str, Any] = {"quick": point.quick.tolist(), "words": words}
    if point.deep is not None:
        vectors["deep"] = point.deep.tolist()
    return edge.Point(id=point.id, vector=vectors, payload=to_payload(point.labels))
