"""The word lists of this package."""

from dataclasses import dataclass
from importlib import resources
from typing import Self

Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words in lower case: names, what is none, and what stands around names."""

    given: Words
    ambiguous: Words  # given names that are words or places too
    common: Words
    particles: Words
    titles: Words
    sure_titles: Words  # those that announce a name without a capital
    articles: Words
    after_place: Words

    @classmethod
    def load(cls) -> Self:
        """Reads the files of `words/`."""
        given, ambiguous = _words("given_names.txt"), _words("ambiguous_names.txt")
        around = {
            part: frozenset(words.split())
            for part, _, words in (line.partition(": ") for line in _lines("around_names.txt"))
        }
        return cls(given | ambiguous, ambiguous, _words("common_words.txt") - (given - ambiguous), **around)


def _words(name: str) -> Words:
    return frozenset(word for line in _lines(name) for word in line.split())


def _lines(name: str) -> list[str]:
    text = resources.files("servicekit.privacy").joinpath("words", name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
