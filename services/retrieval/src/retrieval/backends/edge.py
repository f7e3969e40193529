"""The vector store in this process: a Qdrant shard in a folder of its own.

One worker thread makes all calls: they take well under a millisecond, and the shard must not be written from two
threads at once. A lock on a file beside the folder keeps a second process out.
"""

import asyncio
import fcntl
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeVar

import qdrant_edge as edge

from retrieval.backends.port import Found, Hit, Point, Question, Scope, StoreUnavailable

_T = TypeVar("_T")
_CONFIG = "edge_config.json"
_PAGE = 1000
#: JSON has no infinity; this is the year 9999.
_NEVER = 253_370_764_800.0


class EdgeStore:
    """A `VectorStore` over `folder`; nothing is opened before `open`."""

    def __init__(self, folder: Path, deep_dimensions: int, quick_dimensions: int) -> None:
        self._folder = folder
        self._sizes = {"deep": deep_dimensions, "quick": quick_dimensions}
        self._shard: edge.EdgeShard | None = None
        self._inode = 0
        self._lock: IO[bytes] | None = None
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vectors")

    async def open(self) -> dict[str, str]:
        """See the port."""
        return await self._run(self._open)

    async def recreate(self) -> None:
        """See the port."""
        await self._run(self._recreate)

    async def put(self, document_id: str, points: Sequence[Point]) -> None:
        """See the port."""
        await self._run(lambda: self._put(document_id, points))

    async def remove(self, document_id: str) -> None:
        """See the port."""
        await self._run(lambda: self._put(document_id, ()))

    async def search(self, question: Question, scope: Scope, limit: int) -> Found:
        """See the port."""
        return await self._run(lambda: self._search(question, scope, limit))

    async def flush(self) -> None:
        """See the port."""
        await self._run(lambda: self._opened().flush())

    def check(self) -> None:
        """See the port. A shard answers on for a while after its folder was deleted, so the folder is looked at."""
        try:
            inode = (self._folder / _CONFIG).stat().st_ino
        except OSError as error:
            raise StoreUnavailable("the index is gone from the disk") from error
        if self._shard is None or inode != self._inode:
            raise StoreUnavailable("the index is not open")

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
            raise StoreUnavailable("the index cannot be used") from error

    def _open(self) -> dict[str, str]:
        self._let_go()
        self._take_lock()
        if not (self._folder / _CONFIG).exists():
            raise StoreUnavailable("there is no index yet")
        self._shard = edge.EdgeShard.load(str(self._folder), self._config())
        self._inode = (self._folder / _CONFIG).stat().st_ino
        return self._contents(self._shard)

    def _recreate(self) -> None:
        self._let_go()
        self._take_lock()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        shard = edge.EdgeShard.create(str(self._folder), self._config())
        for name, kind in _INDEXED.items():
            shard.update(edge.UpdateOperation.create_field_index(name, kind))
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
        cosine = edge.Distance.Cosine
        vectors = {name: edge.EdgeVectorParams(size=size, distance=cosine) for name, size in self._sizes.items()}
        return edge.EdgeConfig(vectors=vectors, sparse_vectors={"words": edge.EdgeSparseVectorParams()})

    def _let_go(self) -> None:
        shard, self._shard = self._shard, None
        if shard is not None:
            # A shard whose folder was deleted cannot be flushed; there is nothing left to save.
            with suppress(Exception):
                shard.close()

    def _opened(self) -> edge.EdgeShard:
        if self._shard is None:
            raise StoreUnavailable("the index is not open")
        return self._shard

    @staticmethod
    def _contents(shard: edge.EdgeShard) -> dict[str, str]:
        seen: dict[tuple[str, str], tuple[int, int]] = {}
        offset: Any = None
        while True:
            fields = ["document_id", "version", "siblings"]
            records, offset = shard.scroll(edge.ScrollRequest(limit=_PAGE, offset=offset, with_payload=fields))
            for record in records:
                payload = record.payload or {}
                key = (payload["document_id"], payload["version"])
                seen[key] = (seen.get(key, (0, 0))[0] + 1, int(payload["siblings"]))
            if offset is None:
                break
        return {document: digest for (document, digest), (there, all_of) in seen.items() if there == all_of}

    def _put(self, document_id: str, points: Sequence[Point]) -> None:
        shard = self._opened()
        same = edge.FieldCondition("document_id", match=edge.MatchValue(document_id))
        shard.update(edge.UpdateOperation.delete_points_by_filter(edge.Filter(must=[same])))
        if points:
            shard.update(edge.UpdateOperation.upsert_points([_to_edge(point) for point in points]))

    def _search(self, question: Question, scope: Scope, limit: int) -> Found:
        shard = self._opened()
        meaning = {"quick": edge.Query.Nearest(question.quick.tolist(), using="quick")}
        if question.deep is not None:
            meaning["deep"] = edge.Query.Nearest(question.deep.tolist(), using="deep")
        asked = dict(meaning)
        if (sparse := question.sparse).indices:
            vector = edge.SparseVector(list(sparse.indices), list(sparse.values))
            asked["words"] = edge.Query.Nearest(vector, using="words")
        found = self._ask(shard, asked, _filter(scope), limit)
        # Scored once more by id: whichever signal found a point, the caller wants to know both cosines.
        ids = {one for hits in found.values() for one in hits}
        only = edge.Filter(must=[edge.HasIdCondition({*ids})])
        cosines = self._ask(shard, meaning, only, len(ids)) if ids else {}
        deep, quick = cosines.get("deep", {}), cosines.get("quick", {})

        def hits(one: Iterable[str]) -> tuple[Hit, ...]:
            return tuple(Hit(point, deep.get(point), quick[point]) for point in one if point in quick)

        return Found(hits(found.get("deep", ())), hits(found["quick"]), hits(found.get("words", ())))

    @staticmethod
    def _ask(
        shard: edge.EdgeShard, queries: dict[str, edge.Query], filtered: edge.Filter, limit: int
    ) -> dict[str, dict[str, float]]:
        """Scores by point id, best first, for each of the named queries."""
        requests = [edge.QueryRequest(limit=limit, query=query, filter=filtered) for query in queries.values()]
        answers = shard.query_batch(edge.QueryBatchRequest(requests))
        return {name: {str(one.id): one.score for one in answer} for name, answer in zip(queries, answers, strict=True)}


_INDEXED = {
    "document_id": edge.PayloadSchemaType.Keyword,
    "channels": edge.PayloadSchemaType.Keyword,
    "tags": edge.PayloadSchemaType.Keyword,
    "expires_at": edge.PayloadSchemaType.Float,
    "updated_at": edge.PayloadSchemaType.Float,
    "kind": edge.PayloadSchemaType.Keyword,
}


def _kind(is_policy: bool) -> str:
    # A word, since the engine takes Python's True for the number 1.
    return "policy" if is_policy else "article"


def _filter(scope: Scope) -> edge.Filter:
    must = [
        edge.FieldCondition("channels", match=edge.MatchValue(scope.channel)),
        edge.FieldCondition("expires_at", range=edge.RangeFloat(gt=scope.now)),
    ]
    if scope.tags:
        must.append(edge.FieldCondition("tags", match=edge.MatchAny(any=list(scope.tags))))
    if scope.policies_only:
        must.append(edge.FieldCondition("kind", match=edge.MatchValue(_kind(True))))
    if scope.updated_after is not None:
        must.append(edge.FieldCondition("updated_at", range=edge.RangeFloat(gt=scope.updated_after)))
    return edge.Filter(must=list(must))


def _to_edge(point: Point) -> edge.Point:
    labels = point.labels
    stored = {
        "document_id": labels.document_id, "version": labels.version, "siblings": labels.siblings,
        "channels": list(labels.channels), "tags": list(labels.tags), "kind": _kind(labels.is_policy),
        "updated_at": labels.updated_at, "expires_at": min(labels.expires_at, _NEVER),
    }  # fmt: skip
    words = edge.SparseVector(list(point.sparse.indices), list(point.sparse.values))
    vectors: dict[str, Any] = {"quick": point.quick.tolist(), "words": words}
    if point.deep is not None:
        vectors["deep"] = point.deep.tolist()
    return edge.Point(id=point.id, vector=vectors, payload=stored)
