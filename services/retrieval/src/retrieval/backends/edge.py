"""The vector store in this process: a Qdrant shard in a folder of its own.

One worker thread makes all calls: they take well under a millisecond, and the shard must not be written from two
threads at once. A lock on a file beside the folder keeps a second process out.
"""

import asyncio
import fcntl
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import qdrant_edge as edge

from retrieval.backends.port import Found, Hit, Point, Scope, Sparse, StoreUnavailable, Vector

_T = TypeVar("_T")
_CONFIG = "edge_config.json"
_PAGE = 1000
_DEPTH = 3
#: JSON has no infinity; this is the year 9999.
_NEVER = 253_370_764_800.0


class EdgeStore:
    """A `VectorStore` over `folder`; nothing is opened before `open`."""

    def __init__(self, folder: Path, dimensions: int) -> None:
        self._folder = folder
        self._dimensions = dimensions
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

    async def search(self, dense: Vector, sparse: Sparse, scope: Scope, limit: int) -> Found:
        """See the port."""
        return await self._run(lambda: self._search(dense, sparse, scope, limit))

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
        dense = edge.EdgeVectorParams(size=self._dimensions, distance=edge.Distance.Cosine)
        return edge.EdgeConfig(vectors={"dense": dense}, sparse_vectors={"words": edge.EdgeSparseVectorParams()})

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
            fields = ["document_id", "content_hash", "siblings"]
            records, offset = shard.scroll(edge.ScrollRequest(limit=_PAGE, offset=offset, with_payload=fields))
            for record in records:
                payload = record.payload or {}
                key = (payload["document_id"], payload["content_hash"])
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

    def _search(self, dense: Vector, sparse: Sparse, scope: Scope, limit: int) -> Found:
        shard = self._opened()
        filtered = _filter(scope)
        meaning = edge.Query.Nearest(dense.tolist(), using="dense")
        # More than asked for: most hits by keywords are among them, and so have their similarity already.
        queries = [edge.QueryRequest(limit=_DEPTH * limit, query=meaning, filter=filtered)]
        if sparse.indices:
            words = edge.Query.Nearest(edge.SparseVector(list(sparse.indices), list(sparse.values)), using="words")
            queries.append(edge.QueryRequest(limit=limit, query=words, filter=filtered))
        near, *rest = shard.query_batch(edge.QueryBatchRequest(queries))
        similarities = {str(found.id): found.score for found in near}
        keyword = [str(found.id) for found in (rest[0] if rest else ())]
        if missing := [one for one in keyword if one not in similarities]:
            for record in shard.retrieve([*missing], with_payload=False, with_vector=["dense"]):
                vector: Any = record.vector
                similarities[str(record.id)] = float(np.asarray(vector["dense"], dtype=np.float32) @ dense)
        return Found(
            tuple(Hit(str(found.id), found.score) for found in near[:limit]),
            tuple(Hit(one, similarities[one]) for one in keyword),
        )


_INDEXED = {
    "document_id": edge.PayloadSchemaType.Keyword,
    "channels": edge.PayloadSchemaType.Keyword,
    "tags": edge.PayloadSchemaType.Keyword,
    "expires_at": edge.PayloadSchemaType.Float,
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
    return edge.Filter(must=list(must))


def _to_edge(point: Point) -> edge.Point:
    labels = point.labels
    stored = {
        "document_id": labels.document_id, "content_hash": labels.content_hash, "siblings": labels.siblings,
        "channels": list(labels.channels), "tags": list(labels.tags), "kind": _kind(labels.is_policy),
        "expires_at": min(labels.expires_at, _NEVER),
    }  # fmt: skip
    words = edge.SparseVector(list(point.sparse.indices), list(point.sparse.values))
    return edge.Point(id=point.id, vector={"dense": point.dense.tolist(), "words": words}, payload=stored)
