"""From three lists of windows to the passages that are shown: fusion, re-ranking, one passage per chunk, few per page.

Pure functions; the weights are in `weights.yaml`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.backends.port import Found, Hit
from retrieval.catalogue import Catalogue, Entry
from retrieval.features import Match, match
from retrieval.meanings import Meanings
from retrieval.reading import Asked
from retrieval.weights import Weights

#: How many windows each signal contributes, and how many of them all are ranked again.
CANDIDATES = 20
_DEEP, _QUICK, _KEYWORD = 2.0, 1.0, 1.0
_RANK_OFFSET = 10
#: A second passage of the same page is shown when it is nearly as similar as the best passage of all.
_AS_GOOD = 0.92
_PER_PAGE = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A window that was found: its cosines (deep None: not made yet), and its place in the list of keywords."""

    entry: Entry
    deep: float | None
    quick: float
    keyword_rank: int | None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A chunk by its best window: score in [0, 1], that window's similarity (cosine, cut at 0), entry, match."""

    score: float
    similarity: float
    entry: Entry
    match: Match


@dataclass(frozen=True, slots=True)
class Considered:
    """A candidate with its features, each in [0, 1], before they are weighed."""

    candidate: Candidate
    similarity: float
    match: Match
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Place:
    """A section in which something was found: its best window's score, and the similarity of the nearest question that
    people ask there (0 without one).
    """

    section: str
    score: float
    asked: float


def fuse(found: Found, catalogue: Catalogue, limit: int = CANDIDATES) -> list[Candidate]:
    """The first `limit` windows by weighted reciprocal rank in the three lists, best first."""
    shares: dict[str, float] = {}
    hits: dict[str, Hit] = {}
    for weight, side in ((_DEEP, found.deep), (_QUICK, found.quick), (_KEYWORD, found.keyword)):
        for rank, hit in enumerate(side[:CANDIDATES]):
            shares[hit.point_id] = shares.get(hit.point_id, 0.0) + weight / (_RANK_OFFSET + 1 + rank)
            hits[hit.point_id] = hit
    by_words = {hit.point_id: rank for rank, hit in enumerate(found.keyword[:CANDIDATES])}
    best = sorted(shares, key=lambda one: (-shares[one], one))
    there = ((one, entry) for one in best if (entry := catalogue.entry(one)) is not None)
    fused = [Candidate(entry, hits[one].deep, hits[one].quick, by_words.get(one)) for one, entry in there]
    return fused[:limit]


def consider(asked: Asked, candidates: Sequence[Candidate], meanings: Meanings, weights: Weights) -> list[Considered]:
    """The candidates with their features. A deep cosine that is missing is estimated from the quick one."""
    deep = [_deep(one, weights) for one in candidates]
    by_deep, by_quick = _places(deep), _places([one.quick for one in candidates])
    matches = match(asked, [one.entry.words for one in candidates], meanings)
    considered = []
    for place, (one, fits) in enumerate(zip(candidates, matches, strict=True)):
        features = {
            "deep": deep[place],
            "quick": min(1.0, max(0.0, one.quick)),
            "deep_rank": _share(by_deep[place]),
            "quick_rank": _share(by_quick[place]),
            "keyword_rank": 0.0 if one.keyword_rank is None else _share(one.keyword_rank),
            "text": fits.text,
            "meaning": fits.meaning,
            "heading": fits.heading,
            "named": fits.named,
            "sentence": fits.sentence,
            "pairs": fits.pairs,
        }
        considered.append(Considered(one, deep[place], fits, features))
    return considered


def rank(considered: Sequence[Considered], weights: Weights) -> list[Ranked]:
    """Chunks, best first, each by its best window. A score of 1 would be a window that fits in every respect."""
    scored = [(_score(one, weights), one) for one in considered]
    chunks: dict[str, Ranked] = {}
    for score, one in sorted(scored, key=lambda pair: -pair[0]):
        entry = one.candidate.entry
        if entry.chunk_id not in chunks:
            chunks[entry.chunk_id] = Ranked(score, one.similarity, entry, one.match)
    return list(chunks.values())


def places(considered: Sequence[Considered], weights: Weights) -> dict[str, tuple[Place, ...]]:
    """For each chunk the sections in which something was found, best first."""
    best: dict[str, dict[str, Place]] = {}
    for one in considered:
        entry, score = one.candidate.entry, _score(one, weights)
        sections = best.setdefault(entry.chunk_id, {})
        known = sections.get(entry.section, Place(entry.section, 0.0, 0.0))
        asked = one.similarity if entry.is_question else 0.0
        sections[entry.section] = Place(entry.section, max(score, known.score), max(asked, known.asked))
    return {chunk: tuple(sorted(sections.values(), key=lambda one: -one.score)) for chunk, sections in best.items()}


def select(ranked: Sequence[Ranked], limit: int) -> list[Ranked]:
    """The first `limit` chunks, one per page unless a page answers twice, none whose text was shown already."""
    best = max((one.similarity for one in ranked), default=0.0)
    shown: dict[str, int] = {}
    texts: set[int] = set()
    chosen: list[Ranked] = []
    for one in ranked:
        already = shown.get(one.entry.url, 0)
        if already and (already >= _PER_PAGE or one.similarity < _AS_GOOD * best):
            continue
        if one.entry.text_key in texts:
            continue
        texts.add(one.entry.text_key)
        shown[one.entry.url] = already + 1
        chosen.append(one)
        if len(chosen) == limit:
            break
    return chosen


def with_policy(chosen: Sequence[Ranked], policies: Sequence[Ranked], limit: int) -> list[Ranked]:
    """`chosen` with the best policy passage in it: last, in the place of the weakest one when there is no room.

    The best passage of all is never displaced, so a limit of one stays as it is.
    """
    if not policies or any(one.entry.is_policy for one in chosen) or (chosen and limit < 2):
        return list(chosen)
    return [*chosen[: limit - 1], policies[0]]


def _score(one: Considered, weights: Weights) -> float:
    total = sum(weight * one.features[name] for name, weight in weights.ranking.items())
    return total / sum(weights.ranking.values())


def _deep(one: Candidate, weights: Weights) -> float:
    cosine = weights.deep_offset + weights.deep_slope * one.quick if one.deep is None else one.deep
    return min(1.0, max(0.0, cosine))


def _places(values: Sequence[float]) -> list[int]:
    order = np.argsort(-np.array(values), kind="stable")
    places = [0] * len(values)
    for place, at in enumerate(order):
        places[at] = place
    return places


def _share(place: int) -> float:
    return (_RANK_OFFSET + 1) / (_RANK_OFFSET + 1 + place)
