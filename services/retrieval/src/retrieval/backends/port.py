"""What retrieval asks of a vector store. It is a projection of the database: it may be lost at any moment.

A store holds *points*, one per window, with a quick vector (256, cosine), a sparse one (keywords, dot product), once
it has been made a deep one (384, cosine), and labels to filter by. Texts stay outside. All points of a document carry
the version that they were made from, so the store can say what it holds.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]


class StoreUnavailable(Exception):
    """The store cannot answer now: out of reach, or held by another process. What it holds may still be there."""


class StoreLost(StoreUnavailable):
    """What the store held is gone, damaged or of another form: it has to be made anew."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """A sparse vector: strictly different indices (32 bit) with their values."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """What points are filtered and accounted by. `siblings`: how many points the document has; `updated_at` and
    `expires_at`: Unix seconds, the latter infinite when never."""

    document_id: str
    version: str
    siblings: int
    channels: tuple[str, ...]
    tags: tuple[str, ...]
    is_policy: bool
    updated_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Point:
    """One window; `id` is a UUID. `deep` is None until the deep model has seen the window."""

    id: str
    deep: Vector | None
    quick: Vector
    sparse: Sparse
    labels: Labels


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for. Without a `deep` vector, or without sparse indices, that signal finds nothing."""

    deep: Vector | None
    quick: Vector
    sparse: Sparse


@dataclass(frozen=True, slots=True)
class Hit:
    """A point that was found, with its cosines to the question; `deep` is None when either has no deep vector."""

    point_id: str
    deep: float | None
    quick: float


@dataclass(frozen=True, slots=True)
class Found:
    """Hits by each signal, each best first. A hit has its cosines whichever signal found it."""

    deep: tuple[Hit, ...]
    quick: tuple[Hit, ...]
    keyword: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which points may be found: shown in `channel`, not stale at `now`, with one of `tags` (when there are any), of
    documents updated after `updated_after` (Unix seconds, when given)."""

    channel: str
    now: float
    tags: tuple[str, ...] = ()
    policies_only: bool = False
    updated_after: float | None = None

    def allows(self, labels: Labels) -> bool:
        """Whether a point with these labels may be found."""
        return (
            self.channel in labels.channels
            and labels.expires_at > self.now
            and (not self.tags or not set(self.tags).isdisjoint(labels.tags))
            and (labels.is_policy or not self.policies_only)
            and (self.updated_after is None or labels.updated_at > self.updated_after)
        )


class VectorStore(Protocol):
    """The port. Every call may raise `StoreUnavailable` or `StoreLost`; none blocks the event loop.

    `serves_while_rebuilding`: between `recreate` and `flush` searches are answered from what was there before.
    """

    serves_while_rebuilding: bool

    async def open(self) -> dict[str, str]:
        """Opens what is there; returns the version of each document that is completely there."""

    async def recreate(self) -> None:
        """Begins an empty store, which takes all writes from now on, and all searches at the latest after `flush`."""

    async def probe(self) -> None:
        """Raises `StoreLost` when there is nothing to search in, `StoreUnavailable` when that cannot be found out."""

    async def put(self, document_id: str, points: Sequence[Point]) -> None:
        """Stores a document's points in place of those it had."""

    async def remove(self, document_id: str) -> None:
        """Deletes a document's points; an unknown document is no error."""

    async def search(self, question: Question, scope: Scope, limit: int, known: Found | None = None) -> Found:
        """The `limit` best points by each signal. `known`: what the same question found in the same scope while it had
        no deep vector; its lists are taken over."""

    async def flush(self) -> None:
        """Writes everything down, so that `open` finds it after a crash; what `recreate` began replaces the old."""

    def points(self) -> AsyncIterator[list[Point]]:
        """All points, in pages; to be called on an opened store, and not while it is written to."""

    def check(self) -> None:
        """Raises `StoreLost` when the data has gone from under the store. Cheap enough for every search."""

    async def close(self) -> None:
        """Flushes, and lets go of the data."""
