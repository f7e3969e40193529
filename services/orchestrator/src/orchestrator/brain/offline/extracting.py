"""Answers from passages, word for word: first the section that fits the question best, then the sentences in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from orchestrator.brain.citing import Source
from orchestrator.brain.offline.intents import Embed
from orchestrator.brain.passages import Unit, units_of
from orchestrator.brain.sentences import content_words, overlap

MAX_PASSAGES = 3
#: Embeddings cost milliseconds each: so many sections and so many sentences of the best one are compared.
MAX_SECTIONS = 4
MAX_UNITS = 5
MAX_SENTENCES = 3
MAX_QUOTE = 600
_EMBEDDED_CHARS = 160
_RANK_COST = 0.03
_LEAD_BONUS = 0.06
_FURTHER = 0.6


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
    def bonus(self) -> float:
        """Better passages count more, and so does how a page begins: it says what the page is about."""
        return (_LEAD_BONUS if self.units[0].section == 0 else 0.0) - _RANK_COST * self.rank

    @property
    def labelled(self) -> str:
        return f"{self.units[0].heading}. {self.body[:_EMBEDDED_CHARS]}"


async def extract(question: str, sources: Sequence[Source], embed: Embed) -> Extract | None:
    """One to three neighbouring sentences of one passage; None when the passages hold nothing that can be quoted."""
    wanted = content_words(question)
    sections = _likely(wanted, sources[:MAX_PASSAGES])
    if not sections:
        return None
    vectors = await embed.embed([question, *(section.labelled for section in sections)])
    likeness = vectors[1:] @ vectors[0]
    scores = [
        0.7 * float(near) + 0.3 * overlap(wanted, f"{section.units[0].heading} {section.body}") + section.bonus
        for section, near in zip(sections, likeness, strict=True)
    ]
    best = sections[max(range(len(sections)), key=lambda one: scores[one])]
    start, end = await _span(question, wanted, best, embed)
    return Extract(best.source, best.source.text[start:end])


def _likely(wanted: frozenset[str], sources: Sequence[Source]) -> list[_Section]:
    """The sections that share most words with the question; those of better passages first."""
    sections = [
        _Section(source, rank, tuple(units))
        for rank, source in enumerate(sources)
        for _, units in groupby(units_of(source.text), key=lambda unit: unit.section)
    ]
    sections.sort(key=lambda one: (-overlap(wanted, f"{one.units[0].heading} {one.body}"), one.rank))
    return sections[:MAX_SECTIONS]


async def _span(question: str, wanted: frozenset[str], section: _Section, embed: Embed) -> tuple[int, int]:
    """Where the sentences that answer begin and end in the passage's text."""
    units = section.units[:MAX_UNITS]
    if len(units) <= MAX_SENTENCES and units[-1].end - units[0].start <= MAX_QUOTE:
        return units[0].start, units[-1].end
    texts = [section.source.text[unit.start : unit.end] for unit in units]
    vectors = await embed.embed([question, *(text[:_EMBEDDED_CHARS] for text in texts)])
    likeness = vectors[1:] @ vectors[0]
    scores = [
        0.6 * float(near) + 0.4 * overlap(wanted, text) + (_LEAD_BONUS if index == 0 else 0.0)
        for index, (near, text) in enumerate(zip(likeness, texts, strict=True))
    ]
    first = max(range(len(units)), key=lambda one: scores[one])
    last = first
    for index in range(first + 1, min(first + MAX_SENTENCES, len(units))):
        if scores[index] < _FURTHER * scores[first] or units[index].end - units[first].start > MAX_QUOTE:
            break
        last = index
    return units[first].start, units[last].end
