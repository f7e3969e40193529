"""Figures from counts, each with its 95 % interval and what it was counted from. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from orchestrator.confidence.intervals import mean_interval, quantile_interval, wilson
from orchestrator.figures.counts import FATES, Counts

Kind = Literal["share", "seconds", "score", "dollars"]
#: Fewer audited conversations carry no claim about deflection.
FEWEST_AUDITED = 30
_EACH = 0.975
_MICROS = 1_000_000
_SATISFIED = 4


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure; None where nothing was counted. `low` and `high` hold the true one 95 times in 100."""

    name: str
    kind: Kind
    value: float | None
    low: float
    high: float
    counted: str


def share(name: str, part: int, whole: int, of: str) -> Figure:
    """A share with its Wilson interval."""
    low, high = wilson(part, whole)
    return Figure(name, "share", part / whole if whole else None, low, high, f"{part:,} of {whole:,} {of}")


def fates(counts: Counts) -> list[Figure]:
    """How the conversations ended, as shares of those that are settled."""
    return [
        share(fate, counts.fates[fate], counts.settled, "settled conversations") for fate in FATES if fate != "open"
    ]


def deflection(counts: Counts) -> Figure | None:
    """The share of settled conversations that were solved without a person: those that look resolved, times the share
    of audited ones that staff found solved. None as long as too few were audited. Its interval multiplies the bounds of
    both, each at 97.5 %, so it is rather too wide.
    """
    audited, resolved = counts.solved + counts.unsolved, counts.fates["resolved"]
    if audited < FEWEST_AUDITED or not counts.settled:
        return None
    looks, found = wilson(resolved, counts.settled, _EACH), wilson(counts.solved, audited, _EACH)
    value = resolved / counts.settled * counts.solved / audited
    told = f"{resolved:,} of {counts.settled:,} look resolved; of {audited:,} audited {counts.solved:,} were solved"
    return Figure("deflection", "share", value, looks[0] * found[0], looks[1] * found[1], told)


def time_to_human(counts: Counts) -> list[Figure]:
    """Median and 95th percentile of the seconds from a hand-over to a person's first word."""
    waits = counts.waits
    told = f"{len(waits):,} hand-overs that a person answered; {counts.waiting:,} still wait"
    return [
        _quantile("median time to a person", waits, 0.5, told), _quantile("95th percentile", waits, 0.95, told),
    ]  # fmt: skip


def satisfaction(counts: Counts) -> list[Figure]:
    """The mean score, and the share of 4 and 5."""
    scores, told = counts.scores, f"{len(counts.scores):,} customers who gave a score"
    low, high = mean_interval(len(scores), sum(scores), sum(one * one for one in scores))
    mean = Figure("mean score, 1 to 5", "score", fmean(scores) if scores else None, max(1, low), min(5, high), told)
    return [mean, share("satisfied, 4 or 5", sum(one >= _SATISFIED for one in scores), len(scores), "scores")]


def cost(counts: Counts) -> list[Figure]:
    """What models cost for a conversation, and for each that was resolved: the cost of all over the resolved ones."""
    count, resolved = counts.begun, counts.fates["resolved"]
    low, high = mean_interval(count, counts.cost / _MICROS, counts.cost_squares / _MICROS**2)
    mean = counts.cost / _MICROS / count if count else None
    per = Figure("cost of a conversation", "dollars", mean, max(0.0, low), high, f"{count:,} conversations")
    return [per, _cost_of_resolved(counts, count, resolved)]


def _cost_of_resolved(counts: Counts, count: int, resolved: int) -> Figure:
    name, told = "cost of a resolved one", f"the cost of {count:,} conversations over {resolved:,} resolved ones"
    if not resolved:
        return Figure(name, "dollars", None, 0.0, math.inf, told)
    ratio = counts.cost / resolved
    # The ratio of two means: to the first order its error is that of cost - ratio * resolved.
    squares = counts.cost_squares - 2 * ratio * counts.cost_resolved + ratio * ratio * resolved
    low, high = mean_interval(count, 0.0, squares)
    scale = count / resolved / _MICROS
    return Figure(name, "dollars", ratio / _MICROS, max(0.0, ratio / _MICROS + low * scale),
                  ratio / _MICROS + high * scale, told)  # fmt: skip


def _quantile(name: str, sorted_values: Sequence[float], part: float, told: str) -> Figure:
    if not sorted_values:
        return Figure(name, "seconds", None, 0.0, math.inf, told)
    place = min(len(sorted_values) - 1, math.ceil(part * len(sorted_values)) - 1)
    low, high = quantile_interval(sorted_values, part)
    return Figure(name, "seconds", sorted_values[max(0, place)], low, high, told)
