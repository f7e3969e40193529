"""A question and a window, read once so that they can be compared quickly: stems, neighbours, sentences, numbers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from retrieval.lexicon import Lexicon
from retrieval.synonyms import Synonyms
from retrieval.words import Words

#: Gives one row per word, each of length 1; rows of words that mean the same are near each other.
WordVectors = Callable[[Sequence[str]], NDArray[np.float32]]

_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+|\n+")
_DIGIT = re.compile(r"\d")
#: Readings kept: the windows that questions come back to, not the whole knowledge base.
_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its distinct content stems in order with their weights (sum 1, rarer ones weigh more).

    `vectors` has one row per stem, `alike` the synonyms of each, `unknown` those stems that the knowledge base does
    not have.
    """

    stems: tuple[str, ...]
    weights: NDArray[np.float32]
    pairs: frozenset[tuple[str, str]]
    numbers: frozenset[str]
    unknown: frozenset[str]
    vectors: NDArray[np.float32]
    alike: tuple[frozenset[str], ...] = ()

    @property
    def beside(self) -> frozenset[str]:
        """All synonyms of its words."""
        return frozenset().union(*self.alike)


@dataclass(frozen=True, slots=True)
class Reading:
    """A window under its title and headings. `vectors` has one row per distinct content word, headings included."""

    stems: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    heading: frozenset[str]
    title: frozenset[str]
    sentences: tuple[frozenset[str], ...]
    vectors: NDArray[np.float32]


class Reader:
    """Reads questions and windows; remembers the windows last read. Not for use from several threads at once."""

    def __init__(self, words: Words, vectors: WordVectors, synonyms: Synonyms) -> None:
        self._words = words
        self._synonyms = synonyms
        self._vectors = vectors
        self._known: dict[str, NDArray[np.float32]] = {}
        self.window = lru_cache(maxsize=_KEPT)(self._window)

    def question(self, text: str, lexicon: Lexicon) -> Asked:
        """The question as compared; typing errors are put right before."""
        content = self._words.content(text)
        stems = [self._words.stem(word) for word in content]
        spelled: Mapping[str, str] = dict(zip(reversed(stems), reversed(content), strict=True))
        distinct = tuple(dict.fromkeys(stems))
        raw = np.array([lexicon.idf(stem) for stem in distinct], dtype=np.float32)
        return Asked(
            stems=distinct,
            weights=raw / raw.sum() if len(raw) else raw,
            pairs=frozenset(pairwise(stems)),
            numbers=frozenset(stem for stem in distinct if _DIGIT.search(stem)),
            unknown=frozenset(stem for stem in distinct if not lexicon.has(stem)),
            vectors=self._rows([spelled[stem] for stem in distinct]),
            alike=tuple(self._synonyms.alike.get(stem, frozenset()) for stem in distinct),
        )

    def _window(self, title: str, section: str, text: str) -> Reading:
        named = self._words.stems(title)
        heading = frozenset(named) | frozenset(self._words.stems(section))
        content = self._words.content(text)
        stems = [self._words.stem(word) for word in content]
        parts = (frozenset(self._words.stems(part)) for part in _SENTENCE_END.split(text))
        spelled = dict.fromkeys([*self._words.content(title), *self._words.content(section), *content])
        return Reading(
            stems=frozenset(stems),
            pairs=frozenset([*pairwise(stems), *pairwise(named), *pairwise(self._words.stems(section))]),
            heading=heading,
            title=frozenset(named),
            sentences=tuple(part for part in parts if part),
            vectors=self._rows(list(spelled)),
        )

    def _rows(self, words: Sequence[str]) -> NDArray[np.float32]:
        if not words:
            return np.zeros((0, 1), dtype=np.float32)
        fresh = [word for word in words if word not in self._known]
        if len(self._known) + len(fresh) > 50_000:
            self._known.clear()
            fresh = list(words)
        if fresh:
            self._known.update(zip(fresh, self._vectors(fresh), strict=True))
        return np.stack([self._known[word] for word in words])
