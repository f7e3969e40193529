"""What retrieval asks of a vector store. It is a projection of the database: it may be lost at any moment.

A store holds *points*, one per window, with a dense vector (384, cosine), a sparse one (keywords, dot product) and
labels to filter by. Texts stay outside. All points of a document carry its content hash, so the store can say what
it holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]


class StoreUnavailable(Exception):
    """The store cannot answer: missing, damaged, or held by another process."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """A sparse vector: strictly different indices (32 bit) with their values."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """What points are filtered and accounted by. `siblings`: how many points the document has; `expires_at`: Unix
    seconds, infinite when never."""

    document_id: str
    content_hash: str
    siblings: int
    channels: tuple[str, ...]
    tags: tuple[str, ...]
    is_policy: bool
    expires_at: float


@dataclass(frozen=True, slots=True)
class Point:
    """One window; `id` is a UUID."""

    id: str
    dense: Vector
    sparse: Sparse
    labels: Labels


@dataclass(frozen=True, slots=True)
class Hit:
    """A point that was found; `similarity` is the cosine with the question."""

    point_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Found:
    """Hits by meaning and hits by keywords, each best first."""

    dense: tuple[Hit, ...]
    keyword: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which points may be found: shown in `channel`, not stale at `now`, with one of `tags` (when there are any)."""

    channel: str
    now: float
    tags: tuple[str, ...] = ()
    policies_only: bool = False


class VectorStore(Protocol):
    """The port. Every call may raise `StoreUnavailable`; none blocks the event loop."""

    async def open(self) -> dict[str, str]:
        """Opens what is there; returns the content hash of each document that is completely there."""

    async def recreate(self) -> None:
        """Throws everything away and opens an empty store."""

    async def put(self, document_id: str, points: Sequence[Point]) -> None:
        """Stores a document's points in place of those it had."""

    async def remove(self, document_id: str) -> None:
        """Deletes a document's points; an unknown document is no error."""

    async def search(self, dense: Vector, sparse: Sparse, scope: Scope, limit: int) -> Found:
        """The `limit` best points by meaning, and the `limit` best by keywords."""

    async def flush(self) -> None:
        """Writes everything down, so that `open` finds it after a crash."""

    def check(self) -> None:
        """Raises `StoreUnavailable` when the data has gone from under the store. Cheap enough for every search."""

    async def close(self) -> None:
        """Flushes, and lets go of the data."""
