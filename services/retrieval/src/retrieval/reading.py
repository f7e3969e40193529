"""A question and a window, read once so that they can be compared quickly: stems, neighbours, sentences, meanings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from retrieval.focus import asks_whether, focus
from retrieval.lexicon import Lexicon
from retrieval.synonyms import Synonyms
from retrieval.words import Words
from servicekit.embedding import QuickEmbedder

Rows = NDArray[np.float32]

_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+|\n+")
#: Readings kept: the windows that questions come back to, not the whole knowledge base.
_KEPT_WINDOWS = 4096
_KEPT_WORDS = 50_000
#: A word's plain importance runs from about 6 ("want") to about 21 ("bitcoin"): brought to [0, 1].
_LEAST_IMPORTANT = 6.0
_IMPORTANCE_SPAN = 15.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its distinct content stems in order, and for each what it weighs.

    `weights` (sum 1) follow from how rare the word is in the knowledge base, `importance` in [0, 1] from the word
    alone. `words`: the spelling of each stem. `alike`: its synonyms. `unknown`: the places of the stems that no
    document has; `focus`: of those in the part of the text that asks; `whether`: that part wants yes or no. `said`:
    stems that several words mean together.
    """

    text: str
    stems: tuple[str, ...]
    words: tuple[str, ...]
    weights: Rows
    importance: Rows
    vectors: Rows
    alike: tuple[frozenset[str], ...]
    unknown: tuple[int, ...]
    focus: frozenset[int]
    whether: bool
    pairs: frozenset[tuple[str, str]]
    said: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """A window under its title and headings. `vectors` has one row per distinct content word, headings included."""

    stems: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    heading: frozenset[str]
    title: frozenset[str]
    sentences: tuple[frozenset[str], ...]
    vectors: Rows


class Reader:
    """Reads questions and windows; remembers the windows last read. For one thread."""

    def __init__(self, words: Words, quick: QuickEmbedder, synonyms: Synonyms) -> None:
        self._words = words
        self._quick = quick
        self._synonyms = synonyms
        self._known: dict[str, Rows] = {}
        self.window = lru_cache(maxsize=_KEPT_WINDOWS)(self._window)

    def question(self, text: str, lexicon: Lexicon) -> Asked:
        """The question as compared; typing errors are put right before."""
        content = self._words.content(text)
        stems = [self._words.stem(word) for word in content]
        spelled = dict(zip(reversed(stems), reversed(content), strict=True))
        distinct = tuple(dict.fromkeys(stems))
        words = tuple(spelled[stem] for stem in distinct)
        rarity = np.array([lexicon.idf(stem) for stem in distinct], dtype=np.float32)
        part = focus(text, self._words)
        asking = self._words.stem_set(part)
        return Asked(
            text=text,
            stems=distinct,
            words=words,
            weights=rarity / rarity.sum() if len(rarity) else rarity,
            importance=np.clip((self._quick.lengths(words) - _LEAST_IMPORTANT) / _IMPORTANCE_SPAN, 0, None),
            vectors=self._rows(words),
            alike=tuple(self._synonyms.alike.get(stem, frozenset()) for stem in distinct),
            unknown=tuple(place for place, stem in enumerate(distinct) if not lexicon.has(stem)),
            focus=frozenset(place for place, stem in enumerate(distinct) if stem in asking),
            whether=asks_whether(part),
            pairs=frozenset(pairwise(stems)),
            said=self._synonyms.also_said(self._words.split(text)),
        )

    def _window(self, title: str, section: str, text: str) -> Reading:
        content = self._words.content(text)
        named, headed = self._words.stems(title), self._words.stems(section)
        stems = [self._words.stem(word) for word in content]
        parts = (frozenset(self._words.stems(part)) for part in _SENTENCE_END.split(text))
        spelled = dict.fromkeys([*self._words.content(title), *self._words.content(section), *content])
        return Reading(
            stems=frozenset(stems),
            pairs=frozenset([*pairwise(stems), *pairwise(named), *pairwise(headed)]),
            heading=frozenset([*named, *headed]),
            title=frozenset(named),
            sentences=tuple(part for part in parts if part),
            vectors=self._rows(tuple(spelled)),
        )

    def _rows(self, words: Sequence[str]) -> Rows:
        if len(self._known) > _KEPT_WORDS:
            self._known.clear()
        fresh = [word for word in words if word not in self._known]
        self._known.update(zip(fresh, self._quick.embed(fresh), strict=True))
        return np.stack([self._known[word] for word in words]) if words else np.zeros((0, 1), dtype=np.float32)
