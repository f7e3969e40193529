"""Index entries from stored windows."""

import math
import uuid
from collections.abc import Sequence

from retrieval.backends.port import Labels, Point
from retrieval.keywords import window_vector
from retrieval.repository import StoredWindow
from retrieval.words import Words

_NAMESPACE = uuid.UUID("2f1c9f5e-0b1e-5b0e-9d5a-3a1f6f1f7c11")


def point_id(window: StoredWindow) -> str:
    """The UUID of a window's point: the same place in the same document has the same one."""
    return str(uuid.uuid5(_NAMESPACE, f"{window.chunk_id}/{window.ordinal}"))


def points_of(windows: Sequence[StoredWindow], words: Words) -> list[Point]:
    """One point per window; all windows of one document must be given at once."""
    return [_point(window, words, len(windows)) for window in windows]


def _point(window: StoredWindow, words: Words, siblings: int) -> Point:
    labels = Labels(
        document_id=window.document_id,
        content_hash=window.content_hash,
        siblings=siblings,
        channels=window.channels,
        tags=window.tags,
        is_policy=window.is_policy,
        expires_at=math.inf if window.expires_at is None else window.expires_at.timestamp(),
    )
    return Point(point_id(window), window.embedding, window_vector(words, window.indexed_text), labels)
