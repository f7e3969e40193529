"""Deep vectors of texts, kept in a file between runs: the model is by far the slowest part of a measurement."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from servicekit.embedding import DIMENSIONS, MODEL_ID, Embedder


class KeptVectors:
    """Gives vectors as `Embedder.embed` does. The file belongs to one model and is only ever added to."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self._file = folder / f"{MODEL_ID}.npz"
        self._embedder = embedder
        self._known: dict[str, NDArray[np.float32]] = {}
        if self._file.exists():
            with np.load(self._file) as kept:
                self._known = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (len(texts), 384); only texts never seen before are read by the model."""
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if fresh:
            self._known.update(zip(fresh, await self._embedder.embed(list(fresh.values())), strict=True))
        none = np.empty((0, DIMENSIONS), dtype=np.float32)
        return np.stack([self._known[key] for key in keys]) if keys else none

    def save(self) -> None:
        """Writes the file anew."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(".new.npz")
        np.savez(beside, keys=np.array(list(self._known)), vectors=np.stack(list(self._known.values())))
        beside.replace(self._file)
