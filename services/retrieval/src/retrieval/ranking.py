"""From two lists of windows to the passages that are shown: fusion, one passage per chunk, few per page.

Pure functions; the weights were set on the labelled questions in `tests/data`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.backends.port import Found, Hit, Payload

#: How many windows each side contributes.
CANDIDATES = 20
DENSE_WEIGHT = 2.0
KEYWORD_WEIGHT = 1.0
_RANK_OFFSET = 10
#: A second passage of the same page is shown when it is nearly as similar as the best passage of all.
_AS_GOOD = 0.92
_PER_PAGE = 2


@dataclass(frozen=True, slots=True)
class Ranked:
    """A chunk with its fused score in (0, 1], and its best window's similarity and payload."""

    score: float
    similarity: float
    payload: Payload


def fuse(found: Found) -> list[Ranked]:
    """Chunks, best first, by weighted reciprocal rank of their best window. 1.0: first in both lists."""
    scores: dict[str, float] = {}
    hits: dict[str, Hit] = {}
    for weight, side in ((DENSE_WEIGHT, found.dense), (KEYWORD_WEIGHT, found.keyword)):
        for rank, hit in enumerate(side[:CANDIDATES]):
            share = weight / (DENSE_WEIGHT + KEYWORD_WEIGHT) * (_RANK_OFFSET + 1) / (_RANK_OFFSET + 1 + rank)
            scores[hit.point_id] = scores.get(hit.point_id, 0.0) + share
            hits.setdefault(hit.point_id, hit)
    chunks: dict[str, Ranked] = {}
    for point_id in sorted(scores, key=lambda one: (-scores[one], one)):
        hit = hits[point_id]
        similarity = min(1.0, max(0.0, hit.similarity))
        chunks.setdefault(hit.payload.chunk_id, Ranked(min(1.0, scores[point_id]), similarity, hit.payload))
    return list(chunks.values())


def select(ranked: Sequence[Ranked], limit: int) -> list[Ranked]:
    """The first `limit` chunks, one per page unless a page answers twice."""
    best = max((one.similarity for one in ranked), default=0.0)
    shown: dict[str, int] = {}
    chosen: list[Ranked] = []
    for one in ranked:
        already = shown.get(one.payload.url, 0)
        if already and (already >= _PER_PAGE or one.similarity < _AS_GOOD * best):
            continue
        shown[one.payload.url] = already + 1
        chosen.append(one)
        if len(chosen) == limit:
            break
    return chosen


def with_policy(chosen: Sequence[Ranked], policies: Sequence[Ranked], limit: int) -> list[Ranked]:
    """`chosen` with the best policy passage in it: last, in the place of the weakest one when there is no room.

    The best passage of all is never displaced, so a limit of one stays as it is.
    """
    if not policies or any(one.payload.is_policy for one in chosen) or (chosen and limit < 2):
        return list(chosen)
    return [*chosen[: limit - 1], policies[0]]
