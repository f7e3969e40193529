"""Answers from passages, word for word: first the section that fits the question best, then the sentences in it."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from orchestrator.brain.citing import Source
from orchestrator.brain.offline.asking import Wanted, has_kind, wanted_by
from orchestrator.brain.offline.intents import Embed
from orchestrator.brain.passages import Unit, units_of
from orchestrator.guard.support.words import content

MAX_PASSAGES = 5
#: Embeddings cost milliseconds each: so many sections and so many sentences of the best one are compared.
MAX_SECTIONS = 8
MAX_UNITS = 8
MAX_QUOTE = 420
_EMBEDDED_CHARS = 200
_RANK_COST = 0.025
_LEAD_BONUS = 0.08
_KIND_BONUS = 0.07
#: What the search found the passage by is mostly what answers.
_FOUND_BONUS = 0.15
#: Above this similarity it counts the more, the nearer it is.
_SURELY_FOUND = 0.65
#: How good a neighbouring sentence has to be beside the best one: what a section says seldom fits in one sentence.
_FURTHER = 0.3
#: What a numbered list is worth to a question that wants steps; such a list is quoted whole up to this length.
_STEPS_BONUS = 0.08
MAX_STEPS = 900
_STEPS = re.compile(r"^1[.)][ \t].+(?:\n\d+[.)][ \t].+)+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Extract:
    """A verbatim span of a passage."""

    source: Source
    text: str


@dataclass(frozen=True, slots=True)
class _Section:
    source: Source
    rank: int
    units: tuple[Unit, ...]

    @property
    def body(self) -> str:
        return self.source.text[self.units[0].start : self.units[-1].end]

    @property
    def place(self) -> str:
        return f"{self.source.title}. {self.units[0].heading}"

    @property
    def bonus(self) -> float:
        """Better passages count more, and so does how a page begins: it says what the page is about."""
        surely = max(0.0, self.source.similarity - _SURELY_FOUND)
        found = _FOUND_BONUS + surely if self.is_found else 0.0
        return found + (_LEAD_BONUS if self.units[0].section == 0 else 0.0) - _RANK_COST * self.rank

    @property
    def is_found(self) -> bool:
        """Whether it is where the search found the passage."""
        if self.source.section is None:
            return False
        heading = self.source.section.rsplit(" > ", 1)[-1]
        return self.units[0].heading == heading or (not heading and self.units[0].section == 0)

    @property
    def steps(self) -> tuple[int, int] | None:
        """Where a numbered list of steps stands in the passage's text."""
        first_line = self.source.text.rfind("\n", 0, self.units[0].start) + 1
        found = _STEPS.search(self.source.text, first_line, self.units[-1].end)
        return found.span() if found and len(found[0]) <= MAX_STEPS else None


@dataclass(frozen=True, slots=True)
class _Question:
    text: str
    words: frozenset[str]
    wanted: Wanted
    rarity: Mapping[str, float]

    def shared(self, text: str) -> float:
        """Which share of the question's words a text has, weighed by their rarity; in [0, 1]."""
        total = sum(self.rarity.get(word, _UNKNOWN) for word in self.words)
        there = self.words & frozenset(content(text))
        return sum(self.rarity.get(word, _UNKNOWN) for word in there) / total if total else 0.0

    def fits(self, text: str) -> float:
        """The bonus of a text that holds the kind of thing that is asked for."""
        return _KIND_BONUS if has_kind(text, self.wanted) else 0.0

    def score(self, section: _Section, near: float) -> float:
        """How well a section answers; `near`: the likeness of its text to the question."""
        return 0.6 * near + 0.3 * self.shared(f"{section.place} {section.body}") + self.suits(section)

    def steps_in(self, section: _Section) -> tuple[int, int] | None:
        """The steps of a section, when it is steps that are asked for."""
        return section.steps if self.wanted == "steps" else None

    def suits(self, section: _Section) -> float:
        """The bonus of a section."""
        return self.fits(section.body) + section.bonus + (_STEPS_BONUS if self.steps_in(section) else 0.0)


_UNKNOWN = 1.0


async def extract(question: str, sources: Sequence[Source], embed: Embed) -> Extract | None:
    """The sentence that answers, with neighbours of its passage; None when the passages hold nothing to be quoted."""
    sections = [
        _Section(source, rank, tuple(units))
        for rank, source in enumerate(sources[:MAX_PASSAGES])
        for _, units in groupby(units_of(source.text), key=lambda unit: unit.section)
    ]
    asked = _Question(question, frozenset(content(question)), wanted_by(question), _rarity(sections))
    likely = _likely(asked, sections)
    if not likely:
        return None
    vectors = await embed.embed([question, *(f"{one.place}. {one.body[:_EMBEDDED_CHARS]}" for one in likely)])
    likeness = vectors[1:] @ vectors[0]
    scores = [asked.score(one, float(near)) for one, near in zip(likely, likeness, strict=True)]
    best = likely[max(range(len(likely)), key=lambda one: scores[one])]
    start, end = asked.steps_in(best) or await _span(asked, best, embed)
    return Extract(best.source, best.source.text[start:end])


def _likely(asked: _Question, sections: Sequence[_Section]) -> list[_Section]:
    """The sections that were found, and those that share most words with the question; of better passages first."""
    ranked = sorted(
        sections, key=lambda one: -(asked.shared(f"{one.place} {one.body}") + asked.suits(one) + one.is_found)
    )
    return ranked[:MAX_SECTIONS]


async def _span(asked: _Question, section: _Section, embed: Embed) -> tuple[int, int]:
    """Where the sentences that answer begin and end in the passage's text."""
    units = section.units
    if len(units) > MAX_UNITS:
        shares = [asked.shared(section.source.text[unit.start : unit.end]) for unit in units]
        middle = max(range(len(units)), key=lambda one: shares[one])
        first = max(0, min(middle - 2, len(units) - MAX_UNITS))
        units = units[first : first + MAX_UNITS]
    if len(units) == 1:
        return units[0].start, units[0].end
    texts = [section.source.text[unit.start : unit.end] for unit in units]
    vectors = await embed.embed(
        [asked.text, *(f"{section.units[0].heading}. {text[:_EMBEDDED_CHARS]}" for text in texts)]
    )
    likeness = vectors[1:] @ vectors[0]
    scores = [
        0.6 * float(near) + 0.4 * asked.shared(text) + asked.fits(text) + (_LEAD_BONUS if index == 0 else 0.0)
        for index, (near, text) in enumerate(zip(likeness, texts, strict=True))
    ]
    first, last = _grown(units, scores)
    return units[first].start, units[last].end


def _grown(units: Sequence[Unit], scores: Sequence[float]) -> tuple[int, int]:
    """The best unit with its neighbours, the better one first, while they are good beside it and all is short."""
    best = max(range(len(units)), key=lambda one: scores[one])
    first = last = best
    while True:
        beside = [one for one in (first - 1, last + 1) if 0 <= one < len(units)]
        fitting = [
            one for one in beside
            if scores[one] >= _FURTHER * scores[best]
            and units[max(one, last)].end - units[min(one, first)].start <= MAX_QUOTE
        ]  # fmt: skip
        if not fitting:
            return first, last
        nearer = max(fitting, key=lambda one: scores[one])
        first, last = min(first, nearer), max(last, nearer)


def _rarity(sections: Sequence[_Section]) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for one in sections:
        counts.update(set(content(f"{one.units[0].heading} {one.body}")))
    return {word: math.log(1 + len(sections) / count) / math.log(1 + len(sections)) for word, count in counts.items()}
