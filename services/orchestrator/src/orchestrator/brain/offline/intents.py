"""The intent of a message, learned from labelled ones: its meaning (MiniLM embeddings) and its cues."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.brain.offline.cues import cues
from orchestrator.brain.offline.rules import hinted
from orchestrator.brain.offline.slots import Slots
from servicekit.privacy.tokens import without_tokens

Vectors = NDArray[np.float32]

#: How likely a label has to be that leads to private data, to money or to a person: where the message names an order,
#: and where it does not. Anything else that is not sure is a question to the help pages.
NEEDED: Mapping[str, tuple[float, float]] = {
    "order_status": (0.3, 0.6), "order_content": (0.3, 0.45), "invoice": (0.3, 0.4), "refund_status": (0.3, 0.4),
    "refund_request": (0.4, 0.7), "order_change": (0.4, 0.7), "human": (0.4, 0.4), "serious": (0.4, 0.4),
    "open_ticket": (0.45, 0.45), "thanks": (0.5, 0.5),
}  # fmt: skip
_OTHERS = (0.3, 0.3)
#: Labels about something of one's own, that is looked up.
OWN_THINGS = frozenset({"order_status", "order_content", "invoice"})
#: How much the meaning weighs beside the cues, when both are learned with one penalty.
SCALE = 4.0
FILE = Path(__file__).parent / "intents.npz"


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
    """A label, and how likely it is, in [0, 1]."""

    label: str
    likely: float


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned from messages of customers (`make intents`): a weight for each label and number of a message,
    the last row for what a label has without any: shape (numbers + 1, labels). `learned_from` names the messages.
    """

    labels: tuple[str, ...]
    weights: Vectors
    learned_from: str

    @classmethod
    def load(cls, file: Path = FILE) -> "Learned":
        """What comes with the service. Raises OSError."""
        with np.load(file, allow_pickle=False) as kept:
            return cls(tuple(map(str, kept["labels"])), kept["weights"].astype(np.float32), str(kept["learned_from"]))

    def likely(self, numbers: Vectors) -> dict[str, float]:
        """How likely each label is for a message with these numbers; together 1."""
        scores = np.append(numbers, 1.0) @ self.weights
        chances = np.exp(scores - scores.max())
        return dict(zip(self.labels, (chances / chances.sum()).tolist(), strict=True))

    def save(self, file: Path = FILE) -> None:
        """The same numbers make the same file."""
        np.savez_compressed(
            file, labels=np.array(self.labels), weights=self.weights.astype(np.float16),
            learned_from=np.array(self.learned_from),
        )  # fmt: skip


class IntentReader:
    """Reads what one message, or one part of it, wants: a logistic model over its meaning and its cues."""

    def __init__(self, embed: Embed, learned: Learned) -> None:
        self._embed = embed
        self._learned = learned

    async def read(self, text: str, slots: Slots) -> Intent:
        """The intent of a message, which names `slots` or means them."""
        (vector,) = await self._embed.embed([as_learned(text, slots)])
        return chosen(self._learned.likely(numbers_of(vector, text, slots)), slots, hinted(text, slots))


def as_learned(text: str, slots: Slots) -> str:
    """A message as its meaning is compared: the order is written as in the messages that were learned from."""
    if slots.order_id is not None:
        text = re.sub(re.escape(slots.order_id), "ABC123", text, flags=re.IGNORECASE)
    return without_tokens(text)


def numbers_of(vector: Vectors, text: str, slots: Slots) -> Vectors:
    """The numbers of a message, whose meaning is `vector`: shape (384 + the cues,)."""
    return np.concatenate([vector * SCALE, np.array(cues(text, slots), dtype=np.float32)])


def chosen(likely: Mapping[str, float], slots: Slots, hint: str | None) -> Intent:
    """The most likely label that is likely enough for what it leads to. Where a rule speaks for a look-up, it is that
    one from half the likelihood of the best on, and half of what is needed is enough.
    """
    label = max(likely, key=lambda one: likely[one])
    if hint in OWN_THINGS and likely.get(hint, 0.0) >= likely[label] / 2:
        label = hint
    needed = NEEDED.get(label, _OTHERS)[0 if slots.names_something else 1]
    if likely[label] < (needed / 2 if hint == label else needed):
        label = "knowledge"
    return Intent(label, likely[label])
