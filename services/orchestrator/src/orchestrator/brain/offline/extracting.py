"""Answers from passages: the few sentences that fit the question best, word for word."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.brain.citing import Source
from orchestrator.brain.offline.intents import Embed
from orchestrator.brain.passages import Unit, units_of
from orchestrator.brain.sentences import content_words, overlap

MAX_PASSAGES = 3
#: So many candidates are embedded, at about 3 ms each; the others share too few words with the question.
MAX_CANDIDATES = 14
MAX_QUOTE = 600
MIN_CHARS = 12
_FURTHER = 0.72


@dataclass(frozen=True, slots=True)
class Extract:
    """A verbatim span of a passage."""

    source: Source
    text: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    source: Source
    unit: Unit
    rank: int

    @property
    def text(self) -> str:
        return self.source.text[self.unit.start : self.unit.end]


async def extract(question: str, sources: Sequence[Source], embed: Embed) -> Extract | None:
    """One to three neighbouring sentences of one passage; None when the passages hold nothing that can be quoted."""
    candidates = _candidates(question, sources[:MAX_PASSAGES])
    if not candidates:
        return None
    scores = await _scores(question, candidates, embed)
    best = max(range(len(candidates)), key=lambda one: scores[one])
    first = last = candidates[best].unit
    by_start = {(one.rank, one.unit.start): score for one, score in zip(candidates, scores, strict=True)}
    rank = candidates[best].rank
    source = candidates[best].source
    for unit in _following(source.text, first):
        near = by_start.get((rank, unit.start), 0.0) >= _FURTHER * scores[best]
        if not near or unit.end - first.start > MAX_QUOTE or unit.section != first.section:
            break
        last = unit
    return Extract(source, source.text[first.start : last.end])


def _candidates(question: str, sources: Sequence[Source]) -> list[_Candidate]:
    wanted = content_words(question)
    found = [
        _Candidate(source, unit, rank)
        for rank, source in enumerate(sources)
        for unit in units_of(source.text)
        if unit.end - unit.start >= MIN_CHARS
    ]
    found.sort(key=lambda one: (-overlap(wanted, f"{one.unit.heading} {one.text}"), one.rank))
    return found[:MAX_CANDIDATES]


async def _scores(question: str, candidates: Sequence[_Candidate], embed: Embed) -> list[float]:
    wanted = content_words(question)
    texts = [f"{one.unit.heading}. {one.text}" for one in candidates]
    vectors = await embed.embed([question, *texts])
    likeness = vectors[1:] @ vectors[0]
    shared = np.array([overlap(wanted, text) for text in texts])
    place = np.array([0.04 * one.rank for one in candidates])
    return [float(score) for score in 0.7 * likeness + 0.3 * shared - place]


def _following(text: str, first: Unit) -> list[Unit]:
    return [unit for unit in units_of(text) if unit.start >= first.end][:2]
