"""How well the passages answer the question: the numbers that decide between an answer and a refusal.

Calibrated on the odd entries of `tests/data/questions.yaml`; the even ones measure it. When the embedding model
changes, set `_THRESHOLD` anew.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.lexicon import Lexicon
from retrieval.ranking import Ranked
from retrieval.words import Words

_COVER_WEIGHT = 0.2
_THRESHOLD = 0.505
_STEEPNESS = 14.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """All in [0, 1]. `strength` is how likely the passages hold the answer; from 0.5 on they are taken to."""

    strength: float
    gap: float
    cover: float

    @property
    def answerable(self) -> bool:
        """Whether an answer may be built on the passages."""
        return self.strength >= 0.5


def judge(stems: Sequence[str], passages: Sequence[Ranked], words: Words, lexicon: Lexicon) -> Evidence:
    """The evidence for a question with the content stems `stems`.

    `cover` weighs each word by its rarity in the knowledge base; a word that it does not have weighs most.
    """
    if not passages:
        return Evidence(0.0, 0.0, 0.0)
    similarity = max(one.similarity for one in passages)
    cover = _cover(stems, passages, words, lexicon)
    strength = 1 / (1 + math.exp(-_STEEPNESS * (similarity + _COVER_WEIGHT * cover - _THRESHOLD)))
    return Evidence(strength, _gap(passages), cover)


def _gap(passages: Sequence[Ranked]) -> float:
    """How far the most similar page is ahead of the next one."""
    pages: dict[str, float] = {}
    for one in passages:
        pages[one.entry.url] = max(one.similarity, pages.get(one.entry.url, 0.0))
    best, *others = sorted(pages.values(), reverse=True)
    return best - (others[0] if others else 0.0)


def _cover(stems: Sequence[str], passages: Sequence[Ranked], words: Words, lexicon: Lexicon) -> float:
    weights = {stem: lexicon.idf(stem) for stem in stems}
    total = sum(weights.values())
    if not total:
        return 0.0
    there: set[str] = set()
    for one in passages:
        there |= words.stem_set(one.entry.title) | words.stem_set(one.entry.text)
    return min(1.0, sum(weight for stem, weight in weights.items() if stem in there) / total)
