"""Whether a message can be read at all: "asdf jkl" cannot, "forgoten pasword" can."""

import re
from collections.abc import Iterable

from servicekit.privacy.tokens import without_tokens

_LETTERS = re.compile(r"[^\W\d_]+")
_SHORTEST = 3
#: So many of a word's runs of three letters must be usual ones.
_USUAL = 0.6
#: In so many words of the language a run of letters must stand to be usual.
_FEWEST = 4


class Legibility:
    """Knows which runs of three letters a language has, from a list of its words. Made once, some milliseconds."""

    def __init__(self, words: Iterable[str]) -> None:
        counts: dict[str, int] = {}
        self._words = frozenset(word for word in words if word.isalpha())
        for word in self._words:
            for run in _runs(word):
                counts[run] = counts.get(run, 0) + 1
        self._usual = frozenset(run for run, count in counts.items() if count >= _FEWEST)

    def reads(self, text: str) -> bool:
        """Whether anything in a text is a word, a number or a masked value. Other scripts than Latin pass."""
        plain = without_tokens(text)
        if plain != text or any(char.isdigit() for char in plain):
            return True
        return any(self._is_word(word) for word in _LETTERS.findall(plain.lower()))

    def _is_word(self, word: str) -> bool:
        if not word.isascii() or word in self._words:
            return True
        if len(word) < _SHORTEST:
            return False
        runs = _runs(word)
        return sum(run in self._usual for run in runs) >= _USUAL * len(runs)


def _runs(word: str) -> list[str]:
    padded = f"^{word}$"
    return [padded[at : at + 3] for at in range(len(padded) - 2)]
