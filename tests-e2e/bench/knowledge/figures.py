"""From what came for each question to the figures that are reported, each with its 95 % interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from measure import OURS, SYSTEMS, Asked

_Z = 1.96


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its Wilson interval; of nothing, all is 0."""

    value: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, part: float, count: int) -> "Share":
        """`part` of `count`."""
        if not count:
            return cls(0.0, 0.0, 0.0, 0)
        share = part / count
        middle = share + _Z**2 / (2 * count)
        spread = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
        below = 1 + _Z**2 / count
        return cls(share, max(0.0, (middle - spread) / below), min(1.0, (middle + spread) / below), count)

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.2f}, {self.high:.2f}] of {self.count}"


@dataclass(frozen=True, slots=True)
class Found:
    """How well one system found the pages of answerable questions."""

    recall_at_1: Share
    recall_at_5: Share
    ndcg_at_10: float


@dataclass(frozen=True, slots=True)
class Refused:
    """`precision`: of the refusals, those that were right; `recall`: of the unanswerable, those that were refused;
    `false`: of the answerable, those that were refused."""

    precision: Share
    recall: Share
    false: Share


def found(asked: Sequence[Asked], system: str) -> Found:
    """Over the answerable ones among `asked`."""
    answerable = [one for one in asked if one.question.pages]
    count = len(answerable)
    first, five = (sum(one.recall(system, depth) for one in answerable) for depth in (1, 5))
    ndcg = sum(one.ndcg(system) for one in answerable) / count if count else 0.0
    return Found(Share.of(first, count), Share.of(five, count), ndcg)


def refused(asked: Sequence[Asked]) -> Refused:
    """Over all of `asked`."""
    unanswerable = [one for one in asked if not one.question.pages]
    answerable = [one for one in asked if one.question.pages]
    right = sum(not one.output.answerable for one in unanswerable)
    wrong = sum(not one.output.answerable for one in answerable)
    return Refused(Share.of(right, right + wrong), Share.of(right, len(unanswerable)), Share.of(wrong, len(answerable)))


def goals(asked: Sequence[Asked]) -> list[tuple[str, bool]]:
    """Each goal in words, and whether these questions meet it."""
    systems = {system: found(asked, system) for system in SYSTEMS}
    ours, others = systems[OURS], [figures for system, figures in systems.items() if system != OURS]
    best = max(one.recall_at_5.value for one in others)
    best_ndcg = max(one.ndcg_at_10 for one in others)
    refusals = refused(asked)
    return [
        (f"recall@5 of at least 0.95: {ours.recall_at_5}", ours.recall_at_5.value >= 0.95),
        (
            f"better than each signal alone: recall@5 {ours.recall_at_5.value:.3f} against {best:.3f}, "
            f"nDCG@10 {ours.ndcg_at_10:.3f} against {best_ndcg:.3f}",
            ours.recall_at_5.value >= best and ours.ndcg_at_10 > best_ndcg,
        ),
        (f"of the unanswerable at least 0.95 refused: {refusals.recall}", refusals.recall.value >= 0.95),
        (f"of the answerable at most 0.05 refused: {refusals.false}", refusals.false.value <= 0.05),
    ]
