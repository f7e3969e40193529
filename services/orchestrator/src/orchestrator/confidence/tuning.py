"""Thresholds from labelled turns: per tier the lowest whose rate of wrong answers is shown to be within the target.

A threshold is not picked by how well its sample looks, for then the bound would not hold. The thresholds are gone
through in one order that the scores alone decide: from the one that lets the surest half through (or more, where half
is too small to show anything) downwards, as long as each is supported. So a claim is false in at most 5 of 100 cases,
however many thresholds were tried. It refuses to claim what the labels cannot carry.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from contracts.tool import RiskTier
from orchestrator.confidence.intervals import exact_interval, needed, supports, upper_bound, wilson
from orchestrator.confidence.labels import Labelled
from orchestrator.confidence.policy import EscalationPolicy

DEFAULT_TARGET = 0.001
_GRID = 100
_BINS = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """What the labels say of one threshold. `answered` were let through, `wrong` of them were wrong.

    `interval` is two-sided, `bound` the one-sided upper bound of the rate; all at 95 %.
    """

    threshold: float
    answered: int
    wrong: int
    rate: float
    interval: tuple[float, float]
    bound: float
    escalated: float
    escalated_interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers with scores from `low` (included) to `high`: how sure they were on average, and how many were right."""

    low: float
    high: float
    count: int
    sure: float
    right: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class TierReport:
    """One tier. `supported` is None when the labels carry no claim of the target; `why` says so in words.

    `fallback` is the first threshold that is tried, or would be with more labels, whatever it shows: `--accept-bound`
    takes it.
    """

    tier: RiskTier
    count: int
    wrong: int
    today: Standing
    supported: Standing | None
    fallback: Standing | None
    more: int | None
    why: str
    curve: tuple[Bin, ...]
    ece: float


@dataclass(frozen=True, slots=True)
class Report:
    """All tiers, those without labels included."""

    target: float
    policy: str
    tiers: tuple[TierReport, ...]


def tune(rows: Sequence[Labelled], policy: EscalationPolicy, target: float = DEFAULT_TARGET) -> Report:
    """The report. Raises ValueError for a target that is no rate between 0 and 1."""
    if not 0 < target < 1:
        raise ValueError("the target is a rate between 0 and 1")
    tiers = (
        _tier(tier, [one for one in rows if one.tier is tier], policy.tiers[tier].threshold, target)
        for tier in RiskTier
    )
    return Report(target, policy.version, tuple(tiers))


def _tier(tier: RiskTier, rows: Sequence[Labelled], today: float, target: float) -> TierReport:
    candidates = _candidates(rows, target)
    found = _lowest_supported(rows, candidates, target)
    supported = None if found is None else standing(rows, found)
    surest = candidates[0] if candidates else _letting_through(rows, len(rows) // 2) if rows else None
    fallback = None if surest is None else standing(rows, surest)
    curve = reliability(rows)
    why, more = _why(rows, supported, fallback, target)
    return TierReport(
        tier=tier, count=len(rows), wrong=sum(one.wrong for one in rows), today=standing(rows, today),
        supported=supported, fallback=fallback, more=more, why=why, curve=curve, ece=_ece(rows, curve),
    )  # fmt: skip


def _candidates(rows: Sequence[Labelled], target: float) -> list[float]:
    """Thresholds in the order in which they are tried: what the labels say has no part in it."""
    first = max(needed(0, target), len(rows) // 2)
    if len(rows) < first:
        return []
    start = round(_letting_through(rows, first) * _GRID)
    return [step / _GRID for step in range(start, -1, -1)]


def _letting_through(rows: Sequence[Labelled], surest: int) -> float:
    """The highest threshold that lets at least so many of the surest through, and at least one."""
    scores = sorted((one.score for one in rows), reverse=True)
    return math.floor(round(scores[max(surest, 1) - 1] * _GRID, 6)) / _GRID


def _lowest_supported(rows: Sequence[Labelled], candidates: Sequence[float], target: float) -> float | None:
    ordered = sorted(rows, key=lambda one: one.score)
    scores = [one.score for one in ordered]
    errors = [*accumulate((one.wrong for one in reversed(ordered)), initial=0)]
    lowest = None
    for threshold in candidates:
        answered = len(scores) - bisect_left(scores, threshold)
        if not supports(errors[answered], answered, target):
            break
        lowest = threshold
    return lowest


def standing(rows: Sequence[Labelled], threshold: float) -> Standing:
    """What the labels say of a threshold."""
    answered = [one for one in rows if one.score >= threshold]
    wrong, escalated = sum(one.wrong for one in answered), len(rows) - len(answered)
    return Standing(
        threshold=threshold, answered=len(answered), wrong=wrong, rate=wrong / len(answered) if answered else 0.0,
        interval=exact_interval(wrong, len(answered)), bound=upper_bound(wrong, len(answered)),
        escalated=escalated / len(rows) if rows else 0.0, escalated_interval=wilson(escalated, len(rows)),
    )  # fmt: skip


def _why(
    rows: Sequence[Labelled], supported: Standing | None, fallback: Standing | None, target: float
) -> tuple[str, int | None]:
    """Why there is no claim, and how many more labelled turns it would take; None when no number would do."""
    if supported is not None:
        return "", 0
    least = needed(0, target)
    if fallback is None:
        return f"no labelled turns; at least {least} without an error are needed", least
    if len(rows) < least:
        more = least - len(rows)
        return (
            f"{len(rows)} labelled turns are too few: even without an error they show no less than"
            f" {upper_bound(0, len(rows)):.2%}; {more} more are needed at the least"
        ), more
    share = f"{fallback.wrong} of the surest {fallback.answered} answers are wrong"
    if fallback.rate >= target:
        return f"{share}, more than the target allows: better answers are needed, not more labels", None
    more = needed(fallback.wrong, target) - fallback.answered
    return f"{share}: about {more} more labelled turns as good as these are needed", more


def reliability(rows: Sequence[Labelled]) -> tuple[Bin, ...]:
    """Ten bins of equal width: a score should be the share of answers that are right."""
    bins = []
    for number in range(_BINS):
        low, high = number / _BINS, (number + 1) / _BINS
        inside = [one for one in rows if low <= one.score < high or (one.score == 1 and number == _BINS - 1)]
        right = sum(not one.wrong for one in inside)
        count = len(inside)
        bins.append(Bin(
            low, high, count, sum(one.score for one in inside) / count if count else 0.0,
            right / count if count else 0.0, wilson(right, count),
        ))  # fmt: skip
    return tuple(bins)


def _ece(rows: Sequence[Labelled], curve: Sequence[Bin]) -> float:
    """How far scores are from the share of right answers, on average over the bins by their size."""
    if not rows:
        return 0.0
    return sum(one.count * abs(one.sure - one.right) for one in curve) / len(rows)
