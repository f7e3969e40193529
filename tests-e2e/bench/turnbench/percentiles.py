"""Percentiles of samples."""

from collections.abc import Sequence
from math import ceil


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` % of the values do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * share / 100) - 1)]
