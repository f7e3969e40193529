"""Index entries from stored windows."""

import math
import uuid
from collections.abc import Sequence

from retrieval.backends.port import Labels, Point
from retrieval.keywords import window_vector
from retrieval.repository import StoredWindow
from retrieval.words import Words
from servicekit.embedding import QuickEmbedder

_NAMESPACE = uuid.UUID("2f1c9f5e-0b1e-5b0e-9d5a-3a1f6f1f7c11")


def point_id(window: StoredWindow) -> str:
    """The UUID of a window's point: the same place in the same document has the same one."""
    return str(uuid.uuid5(_NAMESPACE, f"{window.chunk_id}/{window.ordinal}"))


def points_of(windows: Sequence[StoredWindow], words: Words, quick: QuickEmbedder) -> list[Point]:
    """One point per window; all windows of one document must be given at once.

    Windows that were stored before there were quick vectors get theirs here.
    """
    lacking = [window.indexed_text for window in windows if window.quick is None]
    made = iter(quick.embed(lacking) if lacking else ())
    labels = _labels(windows[0], len(windows)) if windows else None
    return [
        Point(
            point_id(window), window.deep, next(made) if window.quick is None else window.quick,
            window_vector(words, window.indexed_text), labels,
        )
        for window in windows if labels is not None
    ]  # fmt: skip


def _labels(window: StoredWindow, siblings: int) -> Labels:
    return Labels(
        document_id=window.document_id,
        version=window.version,
        siblings=siblings,
        channels=window.channels,
        tags=window.tags,
        is_policy=window.is_policy,
        updated_at=window.updated_at.timestamp(),
        expires_at=math.inf if window.expires_at is None else window.expires_at.timestamp(),
    )
