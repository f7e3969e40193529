"""From two lists of windows to the passages that are shown: fusion, one passage per chunk, few per page.

Pure functions; the weights were set on the labelled questions in `tests/data`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.backends.port import Found
from retrieval.catalogue import Catalogue, Entry

#: How many windows each side contributes.
CANDIDATES = 20
DEEP_WEIGHT = 1.5
QUICK_WEIGHT = 0.5
KEYWORD_WEIGHT = 1.0
_WEIGHTS = DEEP_WEIGHT + QUICK_WEIGHT + KEYWORD_WEIGHT
_RANK_OFFSET = 10
#: A second passage of the same page is shown when it is nearly as similar as the best passage of all.
_AS_GOOD = 0.92
_PER_PAGE = 2


@dataclass(frozen=True, slots=True)
class Ranked:
    """A chunk with its fused score in (0, 1], and its best window's similarity (cosine, cut at 0) and entry."""

    score: float
    similarity: float
    entry: Entry


def fuse(found: Found, catalogue: Catalogue) -> list[Ranked]:
    """Chunks, best first, by weighted reciprocal rank of their best window. 1.0: first in all lists."""
    scores: dict[str, float] = {}
    similarities: dict[str, float] = {}
    for weight, side in ((DEEP_WEIGHT, found.deep), (QUICK_WEIGHT, found.quick), (KEYWORD_WEIGHT, found.keyword)):
        for rank, hit in enumerate(side[:CANDIDATES]):
            share = weight / _WEIGHTS * (_RANK_OFFSET + 1) / (_RANK_OFFSET + 1 + rank)
            scores[hit.point_id] = scores.get(hit.point_id, 0.0) + share
            similarities[hit.point_id] = hit.quick if hit.deep is None else hit.deep
    chunks: dict[str, Ranked] = {}
    for point in sorted(scores, key=lambda one: (-scores[one], one)):
        entry = catalogue.entry(point)
        if entry is not None and entry.chunk_id not in chunks:
            similarity = min(1.0, max(0.0, similarities[point]))
            chunks[entry.chunk_id] = Ranked(min(1.0, scores[point]), similarity, entry)
    return list(chunks.values())


def select(ranked: Sequence[Ranked], limit: int) -> list[Ranked]:
    """The first `limit` chunks, one per page unless a page answers twice."""
    best = max((one.similarity for one in ranked), default=0.0)
    shown: dict[str, int] = {}
    chosen: list[Ranked] = []
    for one in ranked:
        already = shown.get(one.entry.url, 0)
        if already and (already >= _PER_PAGE or one.similarity < _AS_GOOD * best):
            continue
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
