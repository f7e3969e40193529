"""The labels of a point as a vector store keeps them: the same names and kinds of values in every adapter."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from retrieval.backends.port import Labels, Point, Sparse, StoreLost

#: JSON has no infinity; this is the year 9999.
NEVER = 253_370_764_800.0
#: The fields that are filtered by, and what kind of index each has.
KEYWORDS = ("document_id", "version", "channels", "tags", "kind")
NUMBERS = ("expires_at", "updated_at")


def kind(is_policy: bool) -> str:
    """The value of the field `kind`: a word, since an engine may take Python's True for the number 1."""
    return "policy" if is_policy else "article"


def to_payload(labels: Labels) -> dict[str, Any]:
    """What is stored with a point."""
    return {
        "document_id": labels.document_id, "version": labels.version, "siblings": labels.siblings,
        "channels": list(labels.channels), "tags": list(labels.tags), "kind": kind(labels.is_policy),
        "updated_at": labels.updated_at, "expires_at": min(labels.expires_at, NEVER),
    }  # fmt: skip


def from_payload(payload: Mapping[str, Any]) -> Labels:
    """The labels again. Raises StoreLost when a field is missing: another release has written it."""
    try:
        return Labels(
            payload["document_id"], payload["version"], int(payload["siblings"]), tuple(payload["channels"]),
            tuple(payload["tags"]), payload["kind"] == kind(True), float(payload["updated_at"]),
            float(payload["expires_at"]),
        )  # fmt: skip
    except KeyError as error:
        raise StoreLost("the index was made by another release") from error


def from_stored(point_id: str, vectors: Any, payload: Mapping[str, Any] | None) -> Point:
    """A point as an engine hands it back. Raises StoreLost when it is of another release."""
    words = vectors["words"]
    deep = vectors.get("deep")
    return Point(
        point_id,
        None if deep is None else np.asarray(deep, dtype=np.float32),
        np.asarray(vectors["quick"], dtype=np.float32),
        Sparse(tuple(words.indices), tuple(words.values)),
        from_payload(payload or {}),
    )


def complete(points: Iterable[Labels]) -> dict[str, str]:
    """Version by document id, of the documents of which all points are there."""
    return {one.document_id: one.version for one, count in Counter(points).items() if count == one.siblings}
