"""Words as numbers: the words of the indexed documents and their stems have ids, so that a window is a short array."""

from array import array
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.words import Words

Ids = NDArray[np.int32]

#: Ids from here on are words and stems; the lower ones are marks between words, and the same among stems.
FIRST_ID = 2
#: What a token has that carries no meaning.
_NOTHING = -1


class Vocabulary:
    """Gives each content word and each stem an id when it is first seen in a document. For one thread.

    Ids stay when documents go: there are as many as different words were ever indexed by this process. Questions add
    none.
    """

    def __init__(self, words: Words) -> None:
        self._words = words
        self._by_token = _Learning(self._learn)
        self._by_word: dict[str, int] = {}
        self._by_stem: dict[str, int] = {}
        self._spellings = [""] * FIRST_ID
        self._stem_of = array("i", range(FIRST_ID))

    def __len__(self) -> int:
        """One more than the highest id of a word."""
        return len(self._spellings)

    @property
    def stems(self) -> int:
        """One more than the highest id of a stem."""
        return FIRST_ID + len(self._by_stem)

    def read(self, text: str) -> list[int]:
        """The ids of the content words of `text`, in order, with repetitions."""
        return [one for one in map(self._by_token.__getitem__, self._words.tokens(text)) if one != _NOTHING]

    def spelled(self, words: Iterable[int]) -> list[str]:
        """The spellings of words."""
        return [self._spellings[one] for one in words]

    def stem_of(self, words: Ids) -> Ids:
        """The ids of the words' stems, in the shape of `words`; marks stay as they are."""
        stems: Ids = np.frombuffer(self._stem_of, dtype=np.int32)[words]
        return stems

    def known(self, stems: Sequence[str]) -> list[int | None]:
        """The ids of stems; None for those that no document ever had."""
        return [self._by_stem.get(stem) for stem in stems]

    def _learn(self, token: str) -> int:
        word = self._words.plain(token)
        if not self._words.is_content(word):
            return _NOTHING
        if word not in self._by_word:
            self._by_word[word] = len(self._spellings)
            self._spellings.append(word)
            self._stem_of.append(self._by_stem.setdefault(self._words.stem(word), self.stems))
        return self._by_word[word]


class _Learning(dict[str, int]):
    """Ids by token; asks for those that are missing."""

    def __init__(self, learn: Callable[[str], int]) -> None:
        super().__init__()
        self._learn = learn

    def __missing__(self, token: str) -> int:
        found = self[token] = self._learn(token)
        return found
