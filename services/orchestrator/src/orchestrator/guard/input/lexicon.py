"""Words of several languages by what they stand for (`policy/input_terms.yaml`), found in one pass over a text."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from orchestrator.guard.input.cleaning import folded

_WORD = re.compile(r"[^\W_]+(?:'[^\W\d_]+)*")
_TERM = re.compile(r"[^\W_]+(?:'[^\W\d_]+)*\*?")
#: Written without blanks between words: these terms are looked for anywhere.
_NO_BLANKS = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
_SHORTEST_STEM = 3
#: Stems are kept by their first three letters, and the shortest (Hangul) by the two that they have; what follows the
#: first word of a phrase by two.
_INDEXED, _FEWEST = 3, 2


class Hit(NamedTuple):
    """A term in a text: its class and its place among the words. `span`: in the folded text, where blanks part none."""

    term: str
    first: int
    last: int
    span: tuple[int, int] | None = None


class Lexicon:
    """Finds terms: `word`, `stem*` and `several_words`, in any of the languages of the file."""

    def __init__(self, terms: Mapping[str, Mapping[str, str]]) -> None:
        """`terms`: by class and language, terms with blanks between them."""
        self._words: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] = {}
        self._phrases: dict[str, dict[str, list[tuple[str, list[str], str]]]] = {}
        unspaced: dict[str, list[str]] = {}
        for name, by_language in terms.items():
            for term in _terms(by_language.values()):
                if _NO_BLANKS.search(term):
                    unspaced.setdefault(term, []).append(name)
                elif "_" in term:
                    first, second, *rest = term.split("_")
                    begun = self._phrases.setdefault(first, {})
                    begun.setdefault(second.rstrip("*")[:_FEWEST], []).append((second, rest, name))
                elif term.endswith("*"):
                    self._stems.setdefault(term[:-1], []).append(name)
                else:
                    self._words.setdefault(term, []).append(name)
        self._begun: dict[str, list[tuple[str, list[str]]]] = {}
        for stem, names in self._stems.items():
            self._begun.setdefault(stem[:_INDEXED], []).append((stem, names))
        self._unspaced = unspaced
        longest_first = sorted(unspaced, key=len, reverse=True)
        self._unspaced_search = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._known = frozenset(
            part for part in (*self._words, *self._stems, *self._phrases, *self._parts()) if len(part) > 1
        )
        self._longest = max(map(len, self._known), default=0)

    def hits(self, text: str) -> dict[str, list[Hit]]:
        """All terms of a folded text, by class, in their order."""
        found: dict[str, list[Hit]] = {}
        words = _WORD.findall(text)
        single, begun = self._words, self._begun
        for at, word in enumerate(words):
            for name in single.get(word, ()):
                found.setdefault(name, []).append(Hit(name, at, at))
            if word[:_INDEXED] in begun or word[:_FEWEST] in begun:
                for name in self._begun_by(word):
                    found.setdefault(name, []).append(Hit(name, at, at))
            if word in self._phrases:
                for name, width in self._phrases_at(words, at):
                    found.setdefault(name, []).append(Hit(name, at, at + width - 1))
        if self._unspaced_search is not None and not text.isascii() and _NO_BLANKS.search(text):
            for match in self._unspaced_search.finditer(text):
                # About two signs are a word.
                for name in self._unspaced[match[0]]:
                    place = match.start() // 2
                    found.setdefault(name, []).append(Hit(name, place, place, match.span()))
        return found

    def place(self, text: str, hits: Iterable[Hit]) -> tuple[int, int]:
        """Where terms of a folded text stand in it, from the first to the last; worked out only for what is told."""
        words = [match.span() for match in _WORD.finditer(text)]
        spans = [one.span or (words[one.first][0], words[one.last][1]) for one in hits]
        return min(start for start, _ in spans), max(end for _, end in spans)

    def segmented(self, run: str) -> str:
        """A run of letters with blanks between the words that are known: `ignoreallrules` is three."""
        words, at, rest = [], 0, ""
        while at < len(run):
            width = next(
                (n for n in range(min(self._longest, len(run) - at), 1, -1) if run[at : at + n] in self._known), 0
            )
            if width:
                words += [rest, run[at : at + width]] if rest else [run[at : at + width]]
                rest, at = "", at + width
            else:
                rest, at = rest + run[at], at + 1
        return " ".join([*words, rest] if rest else words)

    def _begun_by(self, word: str) -> Iterable[str]:
        for first in {word[:_INDEXED], word[:_FEWEST]}:
            for stem, names in self._begun.get(first, ()):
                if word.startswith(stem):
                    yield from names

    def _phrases_at(self, words: list[str], at: int) -> Iterable[tuple[str, int]]:
        following = words[at + 1] if at + 1 < len(words) else ""
        for second, rest, name in self._phrases[words[at]].get(following[:_FEWEST], ()):
            if _fits(following, second) and _all_fit(words[at + 2 : at + 2 + len(rest)], rest):
                yield name, len(rest) + 2

    def _parts(self) -> Iterable[str]:
        for phrases in self._phrases.values():
            for second, rest, _ in (one for begun in phrases.values() for one in begun):
                yield from (part.rstrip("*") for part in (second, *rest))


def _fits(word: str, part: str) -> bool:
    return word.startswith(part[:-1]) if part.endswith("*") else word == part


def _all_fit(words: list[str], parts: list[str]) -> bool:
    return not parts or (len(parts) == len(words) and all(map(_fits, words, parts)))


def _terms(by_language: Iterable[str]) -> Iterable[str]:
    for text in by_language:
        for term in text.split():
            plain = folded(term)
            if plain.isascii() and plain.endswith("*") and len(plain) <= _SHORTEST_STEM:
                raise ValueError(f"the stem {term} is too short")
            # A text is cut into words in the same way: `e-mail` is two.
            yield plain if _NO_BLANKS.search(plain) else "_".join(_TERM.findall(plain))
