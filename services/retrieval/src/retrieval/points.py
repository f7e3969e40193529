"""Index entries from stored windows."""

import math
import uuid
from collections.abc import Sequence

from retrieval.backends.port import Payload, Point
from retrieval.keywords import window_vector
from retrieval.repository import StoredWindow
from retrieval.words import Words

_NAMESPACE = uuid.UUID("2f1c9f5e-0b1e-5b0e-9d5a-3a1f6f1f7c11")


def points_of(windows: Sequence[StoredWindow], words: Words) -> list[Point]:
    """One point per window; all windows of one document must be given at once."""
    return [_point(window, words, len(windows)) for window in windows]


def _point(window: StoredWindow, words: Words, siblings: int) -> Point:
    payload = Payload(
        document_id=window.document_id,
        content_hash=window.content_hash,
        chunk_id=window.chunk_id,
        title=window.title,
        url=window.url,
        section=window.section,
        text=window.chunk_text,
        is_policy=window.is_policy,
        tags=window.tags,
        channels=window.channels,
        updated_at=window.updated_at.timestamp(),
        expires_at=math.inf if window.expires_at is None else window.expires_at.timestamp(),
    )
    name = f"{window.chunk_id}/{window.ordinal}"
    sparse = window_vector(words, window.indexed_text)
    return Point(str(uuid.uuid5(_NAMESPACE, name)), window.embedding, sparse, payload, siblings)
