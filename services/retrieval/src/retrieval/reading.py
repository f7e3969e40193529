"""A question, read once so that it can be compared with windows quickly: stems, neighbours, synonyms, meanings."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from retrieval.focus import asks_whether, focus
from retrieval.lexicon import Lexicon
from retrieval.meanings import unit
from retrieval.synonyms import Synonyms
from retrieval.words import Words
from servicekit.embedding import QuickEmbedder

Rows = NDArray[np.float32]

#: A word's plain importance runs from about 6 ("want") to about 21 ("bitcoin"): brought to [0, 1].
_LEAST_IMPORTANT = 6.0
_IMPORTANCE_SPAN = 15.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its distinct content stems in order, and for each what it weighs.

    `weights` (sum 1) follow from how rare the word is in the knowledge base, `importance` in [0, 1] from the word
    alone. `words`: the spelling of each stem. `alike`: its synonyms. `unknown`: the places of the stems that no
    document has; `focus`: of those in the part of the text that asks; `whether`: that part wants yes or no. `pairs`:
    places of stems that stand side by side. `said`: stems that several words mean together.
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
    pairs: frozenset[tuple[int, int]]
    said: frozenset[str]


class Reader:
    """Reads questions."""

    def __init__(self, words: Words, quick: QuickEmbedder, synonyms: Synonyms) -> None:
        self._words = words
        self._quick = quick
        self._synonyms = synonyms

    def question(self, text: str, lexicon: Lexicon) -> Asked:
        """The question as compared; typing errors are put right before."""
        content = self._words.content(text)
        stems = [self._words.stem(word) for word in content]
        spelled = dict(zip(reversed(stems), reversed(content), strict=True))
        distinct = tuple(dict.fromkeys(stems))
        places = {stem: place for place, stem in enumerate(distinct)}
        words = tuple(spelled[stem] for stem in distinct)
        rarity = np.array([lexicon.idf(stem) for stem in distinct], dtype=np.float32)
        sums = self._quick.sums(words)
        part = focus(text, self._words)
        asking = self._words.stem_set(part)
        return Asked(
            text=text,
            stems=distinct,
            words=words,
            weights=rarity / rarity.sum() if len(rarity) else rarity,
            importance=np.maximum((np.linalg.norm(sums, axis=1) - _LEAST_IMPORTANT) / _IMPORTANCE_SPAN, 0),
            vectors=unit(sums),
            alike=tuple(self._synonyms.alike.get(stem, frozenset()) for stem in distinct),
            unknown=tuple(place for place, stem in enumerate(distinct) if not lexicon.has(stem)),
            focus=frozenset(place for place, stem in enumerate(distinct) if stem in asking),
            whether=asks_whether(part),
            pairs=frozenset(pairwise(places[stem] for stem in stems)),
            said=self._synonyms.also_said(self._words.split(text)),
        )
