"""Bounds on a rate: against known values, against what is left of them in simulation, and at the edges."""

import random

import pytest

from orchestrator.confidence.intervals import cdf, exact_interval, needed, supports, upper_bound, wilson


@pytest.mark.parametrize(
    ("wrong", "count", "low", "high"),
    [  # Clopper-Pearson, 95 % two-sided, from published tables
        (0, 10, 0.0, 0.30850), (1, 10, 0.00253, 0.44502), (5, 10, 0.18709, 0.81291), (10, 10, 0.69150, 1.0),
        (0, 100, 0.0, 0.03622), (3, 100, 0.00623, 0.08518), (10, 100, 0.04900, 0.17622), (1, 1000, 0.0000253, 0.005559),
    ],
)  # fmt: skip
def test_the_exact_interval_has_the_known_values(wrong: int, count: int, low: float, high: float) -> None:
    assert exact_interval(wrong, count) == pytest.approx((low, high), abs=5e-5)


def test_none_in_n_is_bounded_by_three_in_n() -> None:
    for count in (10, 100, 3_000, 100_000):
        assert upper_bound(0, count) < 3 / count
        assert upper_bound(0, count) == pytest.approx(1 - 0.05 ** (1 / count))


def test_the_bound_of_one_side_has_the_known_values() -> None:
    assert upper_bound(1, 100) == pytest.approx(0.04656, abs=5e-5)
    assert upper_bound(5, 100) == pytest.approx(0.10225, abs=5e-5)
    assert upper_bound(3, 7754) == pytest.approx(0.001, abs=2e-6)


def test_wilson_has_the_known_values() -> None:
    assert wilson(10, 100) == pytest.approx((0.05523, 0.17437), abs=5e-5)
    assert wilson(0, 10) == pytest.approx((0.0, 0.27753), abs=5e-5)


def test_nothing_is_known_of_an_empty_sample() -> None:
    assert (upper_bound(0, 0), exact_interval(0, 0), wilson(0, 0)) == (1.0, (0.0, 1.0), (0.0, 1.0))
    assert not supports(0, 0, 0.5)


def test_the_distribution_adds_up() -> None:
    assert cdf(10, 10, 0.3) == 1.0
    assert cdf(2, 10, 0.5) == pytest.approx(56 / 1024)
    assert (cdf(3, 10, 0.0), cdf(3, 10, 1.0)) == (1.0, 0.0)


def test_more_errors_never_lower_the_bound_and_more_good_answers_never_raise_it() -> None:
    for count in (5, 50, 200):
        bounds = [upper_bound(wrong, count) for wrong in range(count + 1)]
        assert bounds == sorted(bounds)
        assert all(upper_bound(2, more) > upper_bound(2, more + 1) for more in range(3, 60))


def test_how_many_are_needed_is_exact() -> None:
    for wrong, target in ((0, 0.001), (1, 0.001), (3, 0.001), (0, 0.05), (2, 0.05)):
        count = needed(wrong, target)
        assert supports(wrong, count, target)
        assert not supports(wrong, count - 1, target)
    assert (needed(0, 0.001), needed(3, 0.001)) == (2995, 7752)
    with pytest.raises(ValueError, match="between 0 and 1"):
        needed(0, 0)


def test_the_bound_holds_in_at_least_95_of_100_samples() -> None:
    random_ = random.Random(7)
    for rate, count in ((0.02, 150), (0.2, 40)):
        broken = sum(
            upper_bound(sum(random_.random() < rate for _ in range(count)), count) < rate for _ in range(1_000)
        )
        assert broken <= 65, (rate, count, broken)
