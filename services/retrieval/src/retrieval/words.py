"""Words as the keyword side of search sees them: lower-case, without stop words, reduced to their stems."""

import re
import threading
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import snowballstemmer  # type: ignore[import-untyped]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_POSSESSIVE = re.compile(r"['’]s?$")

#: Words that say nothing about the subject, and the small talk that surrounds a question.
_STOP_WORDS = """
    a about after all also am an and any anyone anything are as at be because been before being both but by can
    cannot can't could did didn't do does doesn't doing don't during each either else ever every few for from get gets
    getting go goes going got had has have haven't having he hello help her here hey hi him his how how's i i'd i'll i'm
    i've if in into is isn't it it's its itself just kindly know let like may me might mine more most much must my need
    needs no not now of off oh ok okay on once one only or other our ours out over own please possible question
    questions really said same say should show so some somebody someone something still such sure tell than thank
    thanks that that's the their them then there there's these they thing things think this those through to too under
    until up upon us use using very via want wanted wants was wasn't way we well were what what's whats when where
    where's which while who whom whose why will with within without won't would wouldn't wondering yes you you'd your
    yours
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


class Words:
    """Splits and stems. Stems are remembered, because a shop's vocabulary is small. Safe to use from any thread."""

    def __init__(self) -> None:
        self._stemmer = snowballstemmer.stemmer("english")
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self._sets = lru_cache(maxsize=1024)(lambda text: frozenset(self.stems(text)))

    def tokens(self, text: str) -> list[str]:
        """All words of `text` in order as they stand there, lower-case (NFKC)."""
        return _WORD.findall(unicodedata.normalize("NFKC", text).lower())

    def plain(self, token: str) -> str:
        """A token in its plain spelling, without a possessive s."""
        if token.isalnum():
            return token
        return _POSSESSIVE.sub("", token).replace("’", "'")

    def split(self, text: str) -> list[str]:
        """All words of `text` in order, lower-case, in their plain spelling."""
        return [self.plain(token) for token in self.tokens(text)]

    def respell(self, text: str, spell: Callable[[str], str]) -> str:
        """`text` with each word, in lower case, passed through `spell`; what does not change stays as it was."""

        def replaced(match: re.Match[str]) -> str:
            word = match.group().lower()
            spelled = spell(word)
            return match.group() if spelled == word else spelled

        return _WORD.sub(replaced, text)

    def content(self, text: str) -> list[str]:
        """The words of `text` that carry meaning: no stop words, no single letters."""
        return [word for word in self.split(text) if self.is_content(word)]

    def is_content(self, word: str) -> bool:
        """Whether a plain word carries meaning: no stop word, no single letter."""
        return word not in STOP_WORDS and (len(word) > 1 or word.isdigit())

    def stem(self, word: str) -> str:
        """The stem of one lower-case word: `returned` and `returns` give `return`."""
        known = self._known.get(word)
        if known is not None:
            return known
        with self._lock:
            stem = str(self._stemmer.stemWord(word))
        if len(self._known) < 100_000:
            self._known[word] = stem
        return stem

    def stem_set(self, text: str) -> frozenset[str]:
        """The different stems of `text`. Remembered for the texts that were last asked for."""
        return self._sets(text)

    def stems(self, text: str) -> list[str]:
        """The stems of the content words of `text`, in order, with repetitions."""
        return [self.stem(word) for word in self.content(text)]
