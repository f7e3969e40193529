"""Figures and their intervals: what is claimed holds the truth as often as it says; nothing is claimed of nothing."""

import math
import random
from statistics import fmean

import pytest

from orchestrator.confidence.intervals import mean_interval, quantile_interval
from orchestrator.figures import figures
from orchestrator.figures.counts import FATES, Counts


def counts(**told: object) -> Counts:
    ended = {fate: int(told.pop(fate, 0)) for fate in FATES}  # type: ignore[call-overload]
    return Counts(fates=ended, **told)  # type: ignore[arg-type]


def test_shares_are_of_what_is_settled_and_add_up() -> None:
    found = figures.fates(counts(resolved=60, reopened=5, abandoned=10, unanswered=5, escalated=20, open=50))
    assert [one.value for one in found] == [0.6, 0.05, 0.1, 0.05, 0.2]
    assert all(one.value is not None and one.low < one.value < one.high for one in found)
    assert found[0].counted == "60 of 100 settled conversations"


def test_nothing_counted_is_no_figure() -> None:
    nothing = counts()
    found = [
        *figures.fates(nothing), *figures.time_to_human(nothing), *figures.satisfaction(nothing),
        *figures.cost(nothing),
    ]  # fmt: skip
    assert {one.value for one in found} == {None}
    assert figures.deflection(nothing) is None


@pytest.mark.parametrize(("solved", "unsolved", "claimed"), [(20, 9, False), (20, 10, True), (0, 0, False)])
def test_deflection_is_claimed_only_with_a_sample_that_carries_it(solved: int, unsolved: int, claimed: bool) -> None:
    found = figures.deflection(counts(resolved=80, escalated=20, solved=solved, unsolved=unsolved))
    assert (found is not None) == claimed
    if found is not None:
        assert found.value == pytest.approx(0.8 * 20 / 30)
        assert found.low < 0.4 < found.value < 0.75 < found.high + 0.1


def test_deflections_interval_holds_the_truth_at_least_as_often_as_it_says() -> None:
    chance, held = random.Random(7), 0
    for _ in range(300):
        looks = sum(chance.random() < 0.7 for _ in range(400))
        solved = sum(chance.random() < 0.8 for _ in range(40))
        found = figures.deflection(counts(resolved=looks, escalated=400 - looks, solved=solved, unsolved=40 - solved))
        assert found is not None
        held += found.low <= 0.56 <= found.high
    assert held >= 0.95 * 300


def test_the_interval_of_a_mean_is_students() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    low, high = mean_interval(5, sum(values), sum(one * one for one in values))
    assert (low, high) == pytest.approx((3 - 1.9633, 3 + 1.9633), abs=0.01)
    assert mean_interval(1, 3.0, 9.0) == (-math.inf, math.inf)


def test_the_interval_of_a_quantile_holds_the_truth_as_often_as_it_says() -> None:
    chance, held = random.Random(3), 0
    for _ in range(400):
        ordered = sorted(chance.expovariate(1) for _ in range(60))
        low, high = quantile_interval(ordered, 0.5)
        held += low <= math.log(2) <= high
    assert held >= 0.93 * 400


def test_few_waits_do_not_bound_the_95th_percentile() -> None:
    found = figures.time_to_human(counts(escalated=8, waits=[10.0, 20, 30, 40, 50, 60, 70, 600], waiting=2))
    assert (found[0].value, found[1].value) == (40, 600)
    assert found[1].high == math.inf
    assert found[0].counted == "8 hand-overs that a person answered; 2 still wait"


def test_the_cost_of_a_resolved_conversation_bears_that_of_all() -> None:
    costs = [1_000.0] * 60 + [3_000.0] * 40
    told = counts(
        resolved=60, escalated=40, cost=sum(costs), cost_squares=sum(one * one for one in costs), cost_resolved=60_000.0
    )
    mean, resolved = figures.cost(told)
    assert mean.value == pytest.approx(fmean(costs) / 1e6)
    assert resolved.value == pytest.approx(sum(costs) / 60 / 1e6)
    assert mean.low < fmean(costs) / 1e6 < mean.high
    assert resolved.low < 0.003 < resolved.high
    assert figures.cost(counts(escalated=3, cost=5.0, cost_squares=9.0))[1].value is None


def test_scores_have_a_mean_and_a_share() -> None:
    mean, satisfied = figures.satisfaction(counts(scores=[5, 5, 4, 2, 1] * 4))
    assert (mean.value, satisfied.value) == (3.4, 0.6)
    assert 1 <= mean.low < 3.4 < mean.high <= 5
