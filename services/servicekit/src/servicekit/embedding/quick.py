"""The quick embedder: the mean of a text's token vectors, from a table of 32,000 × 256. No network is run.

So cheap that a document can be found by meaning the moment it is stored. The table is
wordllama's, read from its package without importing that; it stays float16 in memory (16 MB).
"""

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load
from tokenizers import Tokenizer

from servicekit.embedding.assets import quick_table_bytes, quick_tokenizer_json

QUICK_DIMENSIONS = 256
#: Names the vector space; vectors of different ids must not be compared.
QUICK_MODEL_ID = "wordllama-l2-supercat-256"


class QuickEmbedder:
    """Turns texts into vectors of shape (n, 256), float32, each of length 1 (a text without tokens: all zeros)."""

    def __init__(self, table: NDArray[np.float16], tokenizer: Tokenizer) -> None:
        """Use `QuickEmbedder.load()`; this takes its two parts for tests."""
        self._table = table
        self._tokenizer = tokenizer

    @classmethod
    def load(cls) -> Self:
        """Loads the verified table and its tokenizer (about 0.1 s, blocking). Raises `AssetError`."""
        tokenizer = Tokenizer.from_str(quick_tokenizer_json())
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return cls(load(quick_table_bytes())["embedding.weight"], tokenizer)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of `texts` in their order, shape (len(texts), 256). Runs in the calling
        thread, a fraction of a millisecond for a question; safe to use from any thread."""
        vectors = np.zeros((len(texts), QUICK_DIMENSIONS), dtype=np.float32)
        for row, encoding in enumerate(self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)):
            if encoding.ids:
                np.mean(self._table[encoding.ids], axis=0, dtype=np.float32, out=vectors[row])
        lengths: NDArray[np.float32] = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        unit: NDArray[np.float32] = (vectors / lengths).astype(np.float32)
        return unit

    def sums(self, words: Sequence[str]) -> NDArray[np.float32]:
        """The sums of the words' token vectors, shape (len(words), 256), in one go: for many short texts.

        The direction says what a word means (as `embed` does), the length how much: about 3 ("have") to 21 ("bitcoin").
        """
        tokens = [one.ids for one in self._tokenizer.encode_batch_fast(list(words), add_special_tokens=False)]
        sums = np.zeros((len(words), QUICK_DIMENSIONS), dtype=np.float32)
        rows = [row for row, ids in enumerate(tokens) if ids]
        if rows:
            starts = [0, *accumulate(len(tokens[row]) for row in rows[:-1])]
            every = self._table[list(chain.from_iterable(tokens))].astype(np.float32)
            sums[rows] = np.add.reduceat(every, starts, axis=0)
        return sums
