"""The embedder: token vectors from onnxruntime, mean-pooled over real tokens, scaled to length 1.

One worker thread and one thread inside onnxruntime: a query takes 3-7 ms of one core and never competes with
itself. Long lists are cut into small batches, so a query waits for at most 0.1 s of a running ingest.
"""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from servicekit.embedding.assets import model_file
from servicekit.embedding.pieces import WordPieces

Vectors = NDArray[np.float32]

DIMENSIONS = 384
#: Names the vector space; vectors of different ids must not be compared.
MODEL_ID = "all-MiniLM-L6-v2-onnx-int8"
#: A batch has at most so many tokens (padding included), or is a single text.
BATCH_TOKENS = 256


class Embedder:
    """Turns texts into vectors of shape (n, 384), float32, each of length 1."""

    def __init__(self, session: onnxruntime.InferenceSession, pieces: WordPieces) -> None:
        """Use `Embedder.load()`; this takes its two parts for tests."""
        self._session = session
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedding")
        self.pieces = pieces

    @classmethod
    def load(cls) -> "Embedder":
        """Loads the verified model and tokenizer (about 0.2 s, blocking). Raises `AssetError`."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = str(model_file())
        session = onnxruntime.InferenceSession(path, sess_options=options, providers=["CPUExecutionProvider"])
        return cls(session, WordPieces.load())

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of `texts` in their order, shape (len(texts), 384). Only the first 256 tokens count."""
        loop = asyncio.get_running_loop()
        none = np.empty((0, DIMENSIONS), dtype=np.float32)
        run = loop.run_in_executor
        return np.concatenate([none, *[await run(self._worker, self.embed_now, one) for one in self._batches(texts)]])

    def embed_now(self, texts: Sequence[str]) -> Vectors:
        """As `embed`, but in one batch and in the calling thread: for scripts, and for our own worker."""
        encodings = self.pieces.encode(texts)
        ids = np.array([one.ids for one in encodings], dtype=np.int64)
        mask = np.array([one.attention_mask for one in encodings], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(["last_hidden_state"], feeds)[0]
        return _unit(_mean_of_real_tokens(hidden, mask))

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        longest = 0
        for text in texts:
            longest = max(longest, self.pieces.count(text) + 2)
            if batch and longest * (len(batch) + 1) > BATCH_TOKENS:
                yield batch
                batch, longest = [], self.pieces.count(text) + 2
            batch.append(text)
        if batch:
            yield batch

    def close(self) -> None:
        """Stops the worker thread; texts that are already being embedded are finished."""
        self._worker.shutdown(wait=True)


def _mean_of_real_tokens(hidden: Vectors, mask: NDArray[np.int64]) -> Vectors:
    weights = mask[..., None].astype(np.float32)
    pooled: Vectors = (hidden * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1.0)
    return pooled


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    unit: Vectors = (vectors / lengths).astype(np.float32)
    return unit
