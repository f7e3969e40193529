"""Counts tokens word by word and remembers the words: a text has few different ones.

A word that has no token (a lone joiner) counts as one: any number of such words would else share a chunk.
"""

from retrieval.chunking.units import Count

_MOST_WORDS = 100_000
_LONGEST_WORD = 40


class WordCount:
    """A `Count` over another one: tokens add up over white space, so the words of a text are counted one by one."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._known: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        """How many tokens `text` has; one or more for each word."""
        known, tokens = self._known, 0
        for word in text.split():
            found = known.get(word)
            if found is None:
                found = max(1, self._count(word))
                if len(word) <= _LONGEST_WORD and len(known) < _MOST_WORDS:
                    known[word] = found
            tokens += found
        return tokens
