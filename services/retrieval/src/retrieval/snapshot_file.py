"""An index as one file: a zip of a manifest and of pages of points. Any vector store can be filled from it."""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from retrieval.backends.payload import from_payload, to_payload
from retrieval.backends.port import Point, Sparse

_MANIFEST = "manifest.json"


class SnapshotError(Exception):
    """The file is no snapshot, is damaged, or belongs to another model or layout."""


class Manifest(NamedTuple):
    """`made_with`: models and layout; `revision`: the database's that the index agreed with or was on the way to."""

    made_with: dict[str, str]
    revision: int


class SnapshotWriter:
    """Writes beside the target and puts it in place at the end, so a half-written file is never found there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_name(path.name + ".part")
        self._zip = zipfile.ZipFile(self._draft, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self._pages = 0

    def add(self, points: Sequence[Point]) -> None:
        """One more page; an empty one is left out."""
        if not points:
            return
        with self._zip.open(f"{self._pages:06d}.npz", "w") as file:
            np.savez(file, **_arrays(points))
        self._pages += 1

    def finish(self, manifest: Manifest) -> None:
        """Completes the file."""
        self._zip.writestr(_MANIFEST, json.dumps({**manifest._asdict(), "pages": self._pages}))
        self._zip.close()
        self._draft.replace(self._path)

    def abandon(self) -> None:
        """Leaves nothing behind; after `finish` it does nothing."""
        self._zip.close()
        self._draft.unlink(missing_ok=True)


def read_manifest(path: Path) -> Manifest:
    """What a snapshot says of itself. Raises SnapshotError."""
    with _opened(path) as file:
        return _manifest(file)[0]


def read_points(path: Path) -> Iterator[list[Point]]:
    """Its pages of points. Raises SnapshotError when one is missing or damaged."""
    with _opened(path) as file:
        for number in range(_manifest(file)[1]):
            try:
                with np.load(io.BytesIO(file.read(f"{number:06d}.npz")), allow_pickle=False) as arrays:
                    page = _points(arrays)
            except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
                raise SnapshotError(f"page {number} of the snapshot is damaged") from error
            yield page


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise SnapshotError(f"{path.name} is not a snapshot") from error


def _manifest(file: zipfile.ZipFile) -> tuple[Manifest, int]:
    try:
        found: Any = json.loads(file.read(_MANIFEST))
        return Manifest(dict(found["made_with"]), int(found["revision"])), int(found["pages"])
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise SnapshotError("the snapshot has no manifest") from error


def _arrays(points: Sequence[Point]) -> dict[str, Any]:
    width = next((len(point.deep) for point in points if point.deep is not None), 0)
    none = np.zeros(width, dtype=np.float32)
    about = [
        {"id": point.id, "deep": point.deep is not None, "words": len(point.sparse.indices), **to_payload(point.labels)}
        for point in points
    ]
    return {
        "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
        "quick": np.stack([point.quick for point in points]),
        "deep": np.stack([none if point.deep is None else point.deep for point in points]),
        "indices": np.array([one for point in points for one in point.sparse.indices], dtype=np.uint32),
        "values": np.array([one for point in points for one in point.sparse.values], dtype=np.float32),
    }


def _points(arrays: Any) -> list[Point]:
    quick, deep = arrays["quick"], arrays["deep"]
    indices, values = arrays["indices"].tolist(), arrays["values"].tolist()
    points: list[Point] = []
    start = 0
    for row, about in enumerate(json.loads(arrays["about"].tobytes())):
        end = start + about["words"]
        sparse = Sparse(tuple(indices[start:end]), tuple(values[start:end]))
        vector = deep[row] if about["deep"] else None
        points.append(Point(about["id"], vector, quick[row], sparse, from_payload(about)))
        start = end
    return points
