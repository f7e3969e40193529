"""What a sample can carry: binomial bounds (Clopper-Pearson), Wilson intervals, means, quantiles. No library."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import NormalDist

LEVEL = 0.95
_STEPS = 50
_NEGLIGIBLE = 1e-16


def cdf(wrong: int, count: int, rate: float) -> float:
    """The probability of at most `wrong` in `count` when each is wrong with `rate`."""
    if rate <= 0 or wrong >= count:
        return 1.0
    if rate >= 1:
        return 0.0
    odds = rate / (1 - rate)
    # From the largest term outwards, so that the sum may stop when nothing is added any more.
    if wrong <= count * rate:
        term = total = _probability(wrong, count, rate)
        for one in range(wrong, 0, -1):
            term *= one / (count - one + 1) / odds
            total += term
            if term < total * _NEGLIGIBLE:
                break
        return min(1.0, total)
    term = total = _probability(wrong + 1, count, rate)
    for one in range(wrong + 1, count):
        term *= (count - one) / (one + 1) * odds
        total += term
        if term < total * _NEGLIGIBLE:
            break
    return max(0.0, 1 - total)


def _probability(wrong: int, count: int, rate: float) -> float:
    ways = math.lgamma(count + 1) - math.lgamma(wrong + 1) - math.lgamma(count - wrong + 1)
    return math.exp(ways + wrong * math.log(rate) + (count - wrong) * math.log1p(-rate))


def upper_bound(wrong: int, count: int, level: float = LEVEL) -> float:
    """The one-sided upper bound: with `level` the true rate is not above it. 1 for an empty sample."""
    if count == 0 or wrong >= count:
        return 1.0
    if wrong == 0:
        return -math.expm1(math.log(1 - level) / count)
    low, high = wrong / count, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if cdf(wrong, count, middle) > 1 - level else (low, middle)
    return high


def exact_interval(wrong: int, count: int, level: float = LEVEL) -> tuple[float, float]:
    """The two-sided exact interval; (0, 1) for an empty sample."""
    if count == 0:
        return 0.0, 1.0
    each = (1 + level) / 2
    return 1 - upper_bound(count - wrong, count, each), upper_bound(wrong, count, each)


def wilson(part: int, count: int, level: float = LEVEL) -> tuple[float, float]:
    """The Wilson interval of a share; (0, 1) for an empty sample."""
    if count == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, square = part / count, z * z
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = z / (1 + square / count) * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def student(freedom: int, level: float = LEVEL) -> float:
    """Student's quantile, two-sided, by Cornish and Fisher's series; exact enough from 3 degrees of freedom on."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def mean_interval(count: int, total: float, squares: float, level: float = LEVEL) -> tuple[float, float]:
    """Student's interval of a mean, from the sums of values and of their squares; of fewer than two, (-inf, inf)."""
    if count < 2:
        return -math.inf, math.inf
    mean = total / count
    variance = max(0.0, squares - count * mean * mean) / (count - 1)
    half = student(count - 1, level) * math.sqrt(variance / count)
    return mean - half, mean + half


def quantile_interval(ordered: Sequence[float], part: float, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a quantile from the order of the values alone, whatever their distribution; it goes to infinity
    where there are too few of them to bound it. `ordered` rises.
    """
    count, each = len(ordered), (1 - level) / 2
    ranks = range(count + 1)
    below = bisect_right(ranks, each, key=lambda rank: cdf(rank, count, part))
    above = bisect_left(ranks, 1 - each, key=lambda rank: cdf(rank, count, part))
    return (ordered[below - 1] if below else -math.inf), (ordered[above] if above < count else math.inf)


def supports(wrong: int, count: int, target: float, level: float = LEVEL) -> bool:
    """Whether `wrong` in `count` shows, with `level`, that the rate is not above `target`."""
    return count > 0 and wrong < count and cdf(wrong, count, target) <= 1 - level


def needed(wrong: int, target: float, level: float = LEVEL) -> int:
    """How many must be looked at, with `wrong` found, to support `target`. Raises ValueError for a target of none."""
    if not 0 < target < 1:
        raise ValueError("the target is a rate between 0 and 1")
    low, high = wrong, max(1, wrong + 1)
    while not supports(wrong, high, target, level):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if supports(wrong, middle, target, level) else (middle, high)
    return high
