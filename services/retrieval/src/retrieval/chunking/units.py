"""The smallest pieces that a text is cut into, and how they are counted and joined again.

A `Unit` is a sentence, a list item, a table row or a line of code, with the glue that stood before it. Units
never exceed the limit: longer ones are cut between words, and words that no language has are cut too.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

Count = Callable[[str], int]

_SENTENCE_END = re.compile(r"(?<=[.!?…:])\s+(?=\S)")
#: A "word" longer than this (a data URL, a run of dashes) counts as few tokens but carries many characters.
LONGEST_WORD = 80


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of text, its number of tokens, and what separates it from the unit before it."""

    text: str
    tokens: int
    glue: str


def join(units: Sequence[Unit]) -> str:
    """The text of `units`; the glue of the first one is dropped."""
    return "".join(unit.text if index == 0 else unit.glue + unit.text for index, unit in enumerate(units))


def total(units: Iterable[Unit]) -> int:
    """The number of tokens of `units` together: token counts add up over whitespace."""
    return sum(unit.tokens for unit in units)


def sentences(text: str, count: Count, limit: int, *, glue: str = "\n\n") -> list[Unit]:
    """`text` as units of one sentence each; `glue` stands before the first."""
    return as_units(_SENTENCE_END.split(text.strip()), count, limit, first=glue, between=" ")


def as_units(parts: Sequence[str], count: Count, limit: int, *, first: str, between: str) -> list[Unit]:
    """`parts` as units of at most `limit` tokens each; longer parts become several units."""
    units: list[Unit] = []
    for part in parts:
        if not part.strip():
            continue
        pieces = _fitting(part.strip("\n"), count, limit)
        units += [Unit(piece, count(piece), between) for piece in pieces]
    if units:
        units[0] = replace(units[0], glue=first)
    return units


def last_words(unit: Unit, count: Count, budget: int) -> Unit | None:
    """The longest end of `unit` that has at most `budget` tokens; None when not even one word fits."""
    words = unit.text.split()
    taken = 0
    start = len(words)
    while start > 0 and taken + count(words[start - 1]) <= budget:
        start -= 1
        taken += count(words[start])
    if start == len(words):
        return None
    text = " ".join(words[start:])
    return Unit(text, count(text), unit.glue)


def _fitting(text: str, count: Count, limit: int) -> Iterator[str]:
    longest = max((len(word) for word in text.split()), default=0)
    if longest <= LONGEST_WORD and count(text) <= limit:
        yield text
        return
    line: list[str] = []
    tokens = 0
    for word in (piece for whole in text.split() for piece in _short(whole, count, limit)):
        size = count(word)
        if line and tokens + size > limit:
            yield " ".join(line)
            line, tokens = [], 0
        line.append(word)
        tokens += size
    if line:
        yield " ".join(line)


def _short(word: str, count: Count, limit: int) -> Iterator[str]:
    if len(word) <= LONGEST_WORD and count(word) <= limit:
        yield word
        return
    size = min(LONGEST_WORD, limit)
    for start in range(0, len(word), size):
        yield word[start : start + size]
