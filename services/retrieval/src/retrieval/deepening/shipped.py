"""Deep vectors of the starter articles, which come with the service: a first start computes none of them.

`make vectors` writes `starter.npz` anew, after an article was changed.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from retrieval.backends.port import Vector
from retrieval.indexed_text import text_digest

FILE = Path(__file__).parent / "starter.npz"
#: Half the size; what is lost is far below what tells two texts apart.
_KEPT = np.float16
_DIGEST = np.dtype("V32")


class ShippedVectors:
    """Vectors by the digest of what they stand for."""

    def __init__(self, known: Mapping[bytes, Vector]) -> None:
        self._known = known

    @classmethod
    def load(cls, file: Path = FILE) -> Self:
        """The ones that come with the service. Raises OSError."""
        with np.load(file, allow_pickle=False) as kept:
            digests, vectors = kept["digests"], kept["vectors"].astype(np.float32)
        return cls({one.tobytes(): vector for one, vector in zip(digests, vectors, strict=True)})

    @property
    def digests(self) -> frozenset[bytes]:
        """Of all texts that have a vector here."""
        return frozenset(self._known)

    def of(self, texts: Sequence[str]) -> dict[str, Vector]:
        """Vectors of those of the indexed texts that are known, each of shape (384,), float32."""
        found = {text: self._known.get(text_digest(text)) for text in texts}
        return {text: vector for text, vector in found.items() if vector is not None}


def write(vectors: Mapping[str, Vector], file: Path = FILE) -> None:
    """Keep the vectors of indexed texts; the same vectors make the same file."""
    by_digest = sorted((text_digest(text), vector) for text, vector in vectors.items())
    digests = np.frombuffer(b"".join(digest for digest, _ in by_digest), dtype=_DIGEST)
    np.savez_compressed(file, digests=digests, vectors=np.stack([one for _, one in by_digest]).astype(_KEPT))
