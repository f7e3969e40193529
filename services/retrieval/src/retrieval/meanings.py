"""What the words of windows mean: their quick vectors, each made when it is first needed and kept."""

import numpy as np
from numpy.typing import NDArray

from retrieval.vocabulary import FIRST_ID, Ids, Vocabulary
from servicekit.embedding import QUICK_DIMENSIONS, QuickEmbedder

Rows = NDArray[np.float32]

_MISSING = -1
_ROOM = 1024


def unit(sums: Rows) -> Rows:
    """The rows scaled to length 1; zeros stay."""
    scaled: Rows = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return scaled


class Meanings:
    """Unit vectors by word id: 1 KB for each word of a window that was ever ranked. For one thread."""

    def __init__(self, vocabulary: Vocabulary, quick: QuickEmbedder) -> None:
        self.vocabulary = vocabulary
        self._quick = quick
        self._matrix: Rows = np.zeros((_ROOM, QUICK_DIMENSIONS), dtype=np.float32)
        self._row_of: Ids = np.full(_ROOM, _MISSING, dtype=np.int32)
        self._row_of[:FIRST_ID] = 0  # marks mean nothing: zeros
        self._filled = 1

    def of(self, words: Ids) -> Rows:
        """The vectors of different words, shape (len(words), 256). Those of marks are zeros."""
        if len(self._row_of) < len(self.vocabulary):
            more = 2 * len(self.vocabulary) - len(self._row_of)
            self._row_of = np.pad(self._row_of, (0, more), constant_values=_MISSING)
        rows = self._row_of[words]
        fresh = words[rows == _MISSING]
        if len(fresh):
            self._make(fresh)
            rows = self._row_of[words]
        return self._matrix.take(rows, axis=0)

    def _make(self, words: Ids) -> None:
        end = self._filled + len(words)
        if end > len(self._matrix):
            larger = np.zeros(
                (2 * end, QUICK_DIMENSIONS), dtype=np.float32
            )  # pages that are not written take no memory
            larger[: self._filled] = self._matrix[: self._filled]
            self._matrix = larger
        self._matrix[self._filled : end] = unit(self._quick.sums(self.vocabulary.spelled(words.tolist())))
        self._row_of[words] = np.arange(self._filled, end)
        self._filled = end
