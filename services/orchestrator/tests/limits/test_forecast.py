"""What the month will cost, on series whose answer is known."""

import random
from datetime import date, timedelta

import pytest

from orchestrator.limits.forecast import day_reached, first_day_over, forecast

MONTH = date(2026, 11, 1)
USD = 1_000_000


def series(first: date, days: int, cost) -> dict[date, int]:  # type: ignore[no-untyped-def]
    return {day: cost(day) for day in (first + timedelta(days=n) for n in range(days))}


def test_the_same_every_day_comes_to_thirty_times_that_and_the_interval_is_a_point() -> None:
    found = forecast(series(MONTH, 10, lambda _: 2 * USD), date(2026, 11, 11))
    assert (found.month, found.low, found.high, found.method) == (60 * USD, 60 * USD, 60 * USD, "mean")


def test_weekends_are_known_after_two_weeks() -> None:
    def cost(day: date) -> int:
        return USD if day.weekday() < 5 else 5 * USD

    found = forecast(series(date(2026, 10, 19), 28, cost), date(2026, 11, 16))
    # November 2026 has 21 working days and 9 days of weekends.
    assert (found.method, found.month) == ("weekday", 21 * USD + 9 * 5 * USD)
    assert found.low == found.high == found.month
    assert found.daily[date(2026, 11, 21)] == 5 * USD


def test_a_day_on_which_nothing_was_used_counts_as_one() -> None:
    found = forecast({date(2026, 11, 1): 10 * USD}, date(2026, 11, 11))
    assert found.days == 10
    assert found.month == 10 * USD + 20 * USD


def test_a_day_that_is_dearer_than_expected_already_counts_with_what_it_cost() -> None:
    costs = series(MONTH, 10, lambda _: USD) | {date(2026, 11, 11): 9 * USD}
    assert forecast(costs, date(2026, 11, 11)).month == 10 * USD + 9 * USD + 19 * USD


def test_on_the_first_day_nothing_is_claimed_beyond_what_was_spent() -> None:
    found = forecast({MONTH: 3 * USD}, MONTH)
    assert (found.method, found.month, found.low, found.high, dict(found.daily)) == (
        "none",
        3 * USD,
        3 * USD,
        3 * USD,
        {},
    )


def test_one_day_alone_gives_a_mean_with_the_widest_interval() -> None:
    found = forecast({MONTH: 3 * USD}, date(2026, 11, 2))
    assert (found.month, found.low, found.high) == (90 * USD, 3 * USD, 90 * USD + 87 * USD)


def test_the_interval_never_goes_below_what_is_spent() -> None:
    dice = random.Random(3)
    costs = series(MONTH, 4, lambda _: dice.randrange(20 * USD))
    assert forecast(costs, date(2026, 11, 5)).low >= sum(costs.values())


@pytest.mark.parametrize("history", [8, 20, 40])
def test_the_interval_holds_the_true_month_nine_times_in_ten(history: int) -> None:
    dice, held, rounds = random.Random(history), 0, 400
    today = date(2026, 11, 9)
    for _ in range(rounds):

        def cost(day: date) -> int:
            return max(0, round(dice.gauss(10, 2) * USD * (1.5 if day.weekday() >= 5 and history >= 14 else 1)))

        days = series(today - timedelta(days=history), history + 22, cost)
        known = {day: one for day, one in days.items() if day < today}
        found = forecast(known, today)
        held += found.low <= sum(one for day, one in days.items() if day >= MONTH) <= found.high
    assert 0.85 <= held / rounds <= 0.97


def test_the_day_on_which_a_cap_is_reached_is_named() -> None:
    found = forecast(series(MONTH, 10, lambda _: 2 * USD), date(2026, 11, 11))
    assert day_reached(30 * USD, 20 * USD, found.daily) == date(2026, 11, 15)
    assert day_reached(61 * USD, 20 * USD, found.daily) is None
    assert day_reached(None, 20 * USD, found.daily) is None
    assert first_day_over(2 * USD, found.daily) == date(2026, 11, 11)
    assert first_day_over(3 * USD, found.daily) is None
