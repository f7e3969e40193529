"""A cross-encoder, when one is supplied: it reads question and passage together and orders the first passages anew.

One thread does it, off the event loop. What takes too long, or meets a thread that is still busy, leaves the order as
it was; both are counted.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from retrieval.ranking import Ranked
from servicekit.logging import get_logger

#: How many passages it reads, and how many tokens of question and passage together.
MOST_PASSAGES = 20
MAX_TOKENS = 384
TIMEOUT_S = 0.8


class CrossEncoder:
    """An ONNX model with inputs such as `input_ids` and `attention_mask` (n, tokens) and one relevance per row."""

    def __init__(self, session: onnxruntime.InferenceSession, tokenizer: Tokenizer) -> None:
        """Use `CrossEncoder.load()`."""
        self._session = session
        self._inputs = {one.name for one in session.get_inputs()}
        tokenizer.enable_truncation(max_length=MAX_TOKENS, strategy="only_second")
        tokenizer.enable_padding()
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, model: Path, tokenizer: Path) -> Self:
        """From a model file and a `tokenizer.json`. Blocking. Raises an exception of the library for bad files."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(model), sess_options=options, providers=["CPUExecutionProvider"])
        return cls(session, Tokenizer.from_file(str(tokenizer)))

    def __call__(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """The relevance of each passage, any real number."""
        encodings = self._tokenizer.encode_batch([(question, passage) for passage in passages])
        feeds = {
            "input_ids": [one.ids for one in encodings],
            "attention_mask": [one.attention_mask for one in encodings],
            "token_type_ids": [one.type_ids for one in encodings],
        }
        given = {name: np.array(rows, dtype=np.int64) for name, rows in feeds.items() if name in self._inputs}
        scores: NDArray[np.float32] = np.asarray(self._session.run(None, given)[0], dtype=np.float32)
        return scores.reshape(len(passages), -1)[:, -1]


class Reranker:
    """Orders passages by a scorer. `count` is told of each search: "ordered", "busy", "timeout" or "failed"."""

    def __init__(
        self,
        scorer: Callable[[str, Sequence[str]], Sequence[float] | NDArray[np.float32]],
        count: Callable[[str], None],
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._scorer = scorer
        self._count = count
        self._timeout_s = timeout_s
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reranker")
        self._last: Future[Sequence[float] | NDArray[np.float32]] | None = None

    async def order(self, question: str, ranked: Sequence[Ranked]) -> list[Ranked]:
        """The first passages by the scorer, their score its relevance in [0, 1]; the others follow as they came."""
        first, rest = ranked[:MOST_PASSAGES], ranked[MOST_PASSAGES:]
        if not first:
            return []
        if self._last is not None and not self._last.done():
            self._count("busy")
            return list(ranked)
        texts = [f"{one.entry.title}. {one.entry.section}\n{one.entry.window}" for one in first]
        self._last = self._worker.submit(self._scorer, question, texts)
        try:
            async with asyncio.timeout(self._timeout_s):
                scores = await asyncio.shield(asyncio.wrap_future(self._last))
        except TimeoutError:
            self._count("timeout")
            return list(ranked)
        except Exception as error:  # noqa: BLE001
            # Somebody else's model: whatever it raises, the order before it is a good one.
            self._count("failed")
            get_logger().warning("reranker_failed", error=type(error).__name__)
            return list(ranked)
        self._count("ordered")
        scored = [replace(one, score=_unit(float(score))) for one, score in zip(first, scores, strict=True)]
        return [*sorted(scored, key=lambda one: -one.score), *(replace(one, score=0.0) for one in rest)]

    def close(self) -> None:
        """Lets go of the thread; a scoring that is under way is waited for."""
        self._worker.shutdown(wait=True)


def _unit(relevance: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, relevance))))
