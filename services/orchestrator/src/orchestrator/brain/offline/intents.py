"""The intent of a message: the label of the nearest labelled example, by MiniLM embeddings."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from servicekit.privacy.tokens import without_tokens

Vectors = NDArray[np.float32]

#: Below this likeness the label says nothing, and the help pages are searched.
FLOOR = 0.40
#: A label that leads to private data, to money or to a person needs to be this near, and this far ahead of those that
#: do not. One that is a request to change something needs to be nearer still.
NEAR = 0.50
NEARER = 0.58
AHEAD = 0.04
_BOLD = frozenset(
    {"order_status", "order_content", "invoice", "refund_request", "order_change", "human", "open_ticket"}
)


_CHANGES = frozenset({"refund_request", "order_change"})


class Embed(Protocol):
    """Sentence embeddings: unit vectors of shape (n, 384), float32."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of `texts`, in their order."""
        ...


class Words(Protocol):
    """The common words of the language that the embeddings are made for."""

    def words(self) -> Sequence[str]:
        """In lower case, plain letters."""
        ...


class EmbedWithWords(Embed, Protocol):
    """Sentence embeddings, and the words that they know."""

    @property
    def pieces(self) -> Words:
        """Where the words are."""
        ...


@dataclass(frozen=True, slots=True)
class Intent:
    """A label with its likeness in [0, 1], and how far it is ahead of every label that leads to nothing private."""

    label: str
    likeness: float
    lead: float


class IntentIndex:
    """The labelled examples, embedded once on first use (about a second)."""

    def __init__(self, embed: Embed, examples: Mapping[str, Sequence[str]]) -> None:
        self._embed = embed
        self._labels = [label for label, texts in examples.items() for _ in texts]
        self._texts = [text for texts in examples.values() for text in texts]
        self._names = tuple(examples)
        self._rows = np.array([self._names.index(label) for label in self._labels])
        self._vectors: Vectors | None = None
        self._loading = asyncio.Lock()

    async def warm(self) -> None:
        """Embeds the examples now, so that no customer waits for it."""
        async with self._loading:
            if self._vectors is None:
                self._vectors = await self._embed.embed(self._texts)

    async def nearest(self, text: str, order_id: str | None = None) -> Intent:
        """The intent of a message. `order_id` is written as in the examples before it is compared."""
        await self.warm()
        plain = text
        if order_id is not None:
            plain = re.sub(re.escape(order_id), "ABC123", plain, flags=re.IGNORECASE)
        plain = without_tokens(plain)
        (vector,) = await self._embed.embed([plain])
        likeness = self._vectors @ vector
        scores = np.array([_label_score(likeness[self._rows == row]) for row in range(len(self._names))])
        best = int(np.argmax(scores))
        safe = max(float(score) for score, name in zip(scores, self._names, strict=True) if name not in _BOLD)
        known = float(scores[self._names.index("knowledge")]) if "knowledge" in self._names else 0.0
        if self._names[best] == "out_of_scope" and scores[best] - known < AHEAD:
            return Intent("knowledge", known, 0.0)
        return _cautious(Intent(self._names[best], float(scores[best]), float(scores[best]) - safe))


def _label_score(likeness: Vectors) -> float:
    """Mostly the nearest example; the next two keep one odd example from deciding alone."""
    top = np.sort(likeness)[::-1][:3]
    return float(0.7 * top[0] + 0.3 * top[1:].mean())


def _cautious(intent: Intent) -> Intent:
    """What is not near enough to be acted on is a question to the help pages."""
    near = NEARER if intent.label in _CHANGES else NEAR
    unsure = intent.likeness < FLOOR or (intent.label in _BOLD and (intent.likeness < near or intent.lead < AHEAD))
    return Intent("knowledge", intent.likeness, intent.lead) if unsure else intent
