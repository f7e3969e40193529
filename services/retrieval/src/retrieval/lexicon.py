"""What the knowledge base's own words are: how rare each is, and which one a typing error probably meant.

Built from the indexed documents and kept in memory; it follows every change of the index.
"""

import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from retrieval.words import Words

_SHORTEST_CORRECTED = 4
_LONG_WORD = 8
#: A correction looks at so many words of a large knowledge base at most, and compares so many letter by letter.
_MOST_LOOKED_AT = 6000
_MOST_COMPARED = 60
_NONE: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Counts:
    """In how many of some windows each stem and each spelling occurs."""

    windows: int = 0
    stems: Counter[str] = field(default_factory=Counter)
    spellings: Counter[str] = field(default_factory=Counter)


class Lexicon:
    """The vocabulary of the indexed documents. One window of text is one unit of counting."""

    def __init__(self, words: Words, is_english: Callable[[str], bool]) -> None:
        """`is_english` says whether a word is a common one: such a word is never taken for a typing error."""
        self._words = words
        self._is_english = is_english
        self._windows = 0
        self._stems: Counter[str] = Counter()
        self._spellings: Counter[str] = Counter()
        self._grams: dict[str, set[str]] = {}

    def add(self, windows: Iterable[Iterable[str]]) -> None:
        """Counts the content words of windows."""
        counts = self._counted(windows)
        self._windows += counts.windows
        self._stems.update(counts.stems)
        # Not `keys() - keys()`: that goes over the whole vocabulary for each document.
        for word in [one for one in counts.spellings if one not in self._spellings]:
            for gram in _trigrams(word):
                self._grams.setdefault(gram, set()).add(word)
        self._spellings.update(counts.spellings)

    def remove(self, windows: Iterable[Iterable[str]]) -> None:
        """Takes back what `add` counted of the same windows: to keep it for each document would take more memory than
        the documents' words."""
        counts = self._counted(windows)
        self._windows -= counts.windows
        _take_away(self._stems, counts.stems)
        for word in _take_away(self._spellings, counts.spellings):
            for gram in _trigrams(word):
                self._grams[gram].discard(word)

    def idf(self, stem: str) -> float:
        """The weight of a stem as in BM25: rare ones weigh more, unknown ones most. Always positive."""
        having = self._stems.get(stem, 0)
        return math.log(1 + (self._windows - having + 0.5) / (having + 0.5))

    def has(self, stem: str) -> bool:
        """Whether some document has a word of this stem."""
        return stem in self._stems

    def correct(self, word: str) -> str:
        """`word` as the documents spell it when it looks like a typing error, else `word` itself.

        Corrected are words of four letters or more that neither the documents nor common English have: first into
        two words of the documents written as one ("giftcard"), then into the nearest word that is one change away
        (two for words of eight letters). A change is a letter added, left out, replaced, or swapped with its
        neighbour.
        """
        if len(word) < _SHORTEST_CORRECTED or not word.isalpha() or self._is_known(word):
            return word
        for cut in range(3, len(word) - 2):
            if word[:cut] in self._spellings and word[cut:] in self._spellings:
                return f"{word[:cut]} {word[cut:]}"
        return self._nearest(word) or word

    def _counted(self, windows: Iterable[Iterable[str]]) -> _Counts:
        counts = _Counts()
        stems: dict[str, str] = {}
        for words in windows:
            spellings = set(words)
            stems.update((word, self._words.stem(word)) for word in spellings if word not in stems)
            counts.windows += 1
            counts.spellings.update(spellings)
            counts.stems.update(set(map(stems.__getitem__, spellings)))
        return counts

    def _nearest(self, word: str) -> str | None:
        """The spelling of the documents that `word` is a typing error of, found over the rarest of its trigrams."""
        shared: Counter[str] = Counter()
        seen = 0
        for words in sorted((self._grams.get(gram, _NONE) for gram in _trigrams(word)), key=len):
            if seen and seen + len(words) > _MOST_LOOKED_AT:
                break
            shared.update(words)
            seen += len(words)
        allowed = 2 if len(word) >= _LONG_WORD else 1
        likely = heapq.nlargest(
            _MOST_COMPARED,
            ((grams, one) for one, grams in shared.items()
             if abs(len(one) - len(word)) <= allowed and len(one) >= _SHORTEST_CORRECTED),
        )  # fmt: skip
        near = [
            (distance, -grams, -self._spellings[one], one)
            for grams, one in likely
            if (distance := edit_distance(word, one)) <= allowed
        ]
        return min(near)[3] if near else None

    def _is_known(self, word: str) -> bool:
        if word in self._spellings or self.has(self._words.stem(word)) or self._is_english(word):
            return True
        return word.endswith("s") and self._is_english(word[:-1])


def _take_away(everything: Counter[str], one: Counter[str]) -> list[str]:
    """Subtracts one document's counts; returns what nothing is left of. `-=` would go over the whole vocabulary."""
    gone: list[str] = []
    for word, count in one.items():
        everything[word] -= count
        if everything[word] <= 0:
            del everything[word]
            gone.append(word)
    return gone


def edit_distance(one: str, other: str) -> int:
    """Letters to add, drop, replace or swap with a neighbour to make `other` out of `one`."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        current = [row]
        for column, target in enumerate(other, start=1):
            cost = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != target))
            swapped = row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == target
            current.append(min(cost, before[column - 2] + 1) if swapped else cost)
        before, last = last, current
    return last[-1]


def _trigrams(word: str) -> set[str]:
    padded = f"^{word}$"
    return {padded[start : start + 3] for start in range(len(padded) - 2)}
