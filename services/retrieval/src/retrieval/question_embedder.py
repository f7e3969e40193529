"""Deep vectors of questions: those that come while the model is busy go through it together, and none goes twice.

The model is the dearest part of a search. A batch costs it less than its questions one by one.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from retrieval.backends.port import Vector

_TOGETHER = 8
_REMEMBERED = 2048

Embed = Callable[[Sequence[str]], Awaitable[Vector]]


class QuestionEmbedder:
    """One per searcher. By default it remembers the vectors of the last 2,048 questions (3 MB)."""

    def __init__(self, embed: Embed, remembered: int = _REMEMBERED) -> None:
        """`embed` gives one row per text, as `Embedder.embed` does; `remembered`: how many vectors are kept."""
        self._embed = embed
        self._remembered = remembered
        self._waiting: dict[str, asyncio.Future[Vector]] = {}
        self._known: OrderedDict[str, Vector] = OrderedDict()
        self._working: asyncio.Task[None] | None = None

    async def vector(self, question: str) -> Vector:
        """The vector of one question, shape (384,). Raises what the model raises."""
        if (known := self._known.get(question)) is not None:
            self._known.move_to_end(question)
            return known
        waiting = self._waiting.get(question)
        if waiting is None:
            waiting = self._waiting[question] = asyncio.get_running_loop().create_future()
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(), name="question-vectors")
        # Shielded: a caller who gives up must not take the answer from the others who ask the same.
        return await asyncio.shield(waiting)

    async def _work(self) -> None:
        while self._waiting:
            batch = list(self._waiting)[:_TOGETHER]
            asked = {question: self._waiting[question] for question in batch}
            try:
                vectors = await self._embed(batch)
            except Exception as error:  # noqa: BLE001 - handed to those who wait
                self._settle(asked, error)
                continue
            for question, vector in zip(batch, vectors, strict=True):
                self._known[question] = vector
                self._waiting.pop(question).set_result(vector)
            while len(self._known) > self._remembered:
                self._known.popitem(last=False)

    def _settle(self, asked: dict[str, asyncio.Future[Vector]], error: Exception) -> None:
        for question, waiting in asked.items():
            del self._waiting[question]
            waiting.set_exception(error)
            waiting.exception()  # seen, even when its caller has gone
