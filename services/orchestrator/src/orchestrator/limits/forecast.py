"""What the month will cost: from the whole days so far, by weekday once there are two weeks of them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import fmean
from typing import Literal

from orchestrator.confidence.intervals import student

#: From this many whole days on, each weekday has its own mean.
BY_WEEKDAY_FROM = 14
#: The interval is to hold the true total this often.
CONFIDENCE = 0.9
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Forecast:
    """The month's total in micro-dollars, and the interval that it lies in with `CONFIDENCE`.

    `days` whole days were looked at. `daily` is what is expected of each day from today on.
    """

    month: int
    low: int
    high: int
    method: Literal["none", "mean", "weekday"]
    days: int
    daily: Mapping[date, int]


def forecast(costs: Mapping[date, int], today: date) -> Forecast:
    """From the micro-dollars of each day, `today`'s so far among them. From the first entry on, a day without one cost
    nothing. A single whole day does not tell how days differ: the interval is then as wide as all that is to come.
    """
    month_start, left = today.replace(day=1), _days_left(today)
    spent = sum(cost for day, cost in costs.items() if month_start <= day <= today)
    so_far = costs.get(today, 0)
    whole = _whole_days(costs, today)
    if not whole:
        # Today is all that is known: the month cannot be told from it.
        return Forecast(spent, spent, spent, "none", 0, {})
    by_weekday = len(whole) >= BY_WEEKDAY_FROM
    expected = _weekday_means(whole) if by_weekday else dict.fromkeys(range(_WEEK), fmean(cost for _, cost in whole))
    daily = {day: expected[day.weekday()] for day in left}
    daily[today] = max(daily[today], float(so_far))
    total = spent - so_far + sum(daily.values())
    margin = _margin(whole, expected, len(left), _WEEK if by_weekday else 1)
    if margin is None:
        margin = sum(daily.values())
    return Forecast(
        month=round(total), low=max(spent, round(total - margin)), high=round(total + margin),
        method="weekday" if by_weekday else "mean", days=len(whole),
        daily={day: round(cost) for day, cost in daily.items()},
    )  # fmt: skip


def day_reached(cap_micros: int | None, spent_before_today: int, daily: Mapping[date, int]) -> date | None:
    """The day on which the month's sum comes to the cap, if it goes on as expected; None when it does not."""
    total = spent_before_today
    for day in sorted(daily):
        total += daily[day]
        if cap_micros is not None and total >= cap_micros:
            return day
    return None


def first_day_over(cap_micros: int | None, daily: Mapping[date, int]) -> date | None:
    """The first day that is expected to use up a cap of the day; None when there is none."""
    over = (day for day in sorted(daily) if cap_micros is not None and daily[day] >= cap_micros)
    return next(over, None)


def _days_left(today: date) -> list[date]:
    """Today and the days of its month after it."""
    days = [today]
    while (following := days[-1] + timedelta(days=1)).month == today.month:
        days.append(following)
    return days


def _whole_days(costs: Mapping[date, int], today: date) -> list[tuple[date, int]]:
    """The days from the first entry to yesterday."""
    first = min((day for day in costs if day < today), default=today)
    return [(day, costs.get(day, 0)) for day in (first + timedelta(days=n) for n in range((today - first).days))]


def _weekday_means(whole: Sequence[tuple[date, int]]) -> dict[int, float]:
    return {one: fmean(cost for day, cost in whole if day.weekday() == one) for one in range(_WEEK)}


def _margin(whole: Sequence[tuple[date, int]], expected: Mapping[int, float], ahead: int, means: int) -> float | None:
    """Half the prediction interval of the sum of `ahead` days; None when the days cannot tell how they differ. `means`:
    how many were estimated from them.
    """
    freedom = len(whole) - means
    if freedom < 1:
        return None
    squares = sum((cost - expected[day.weekday()]) ** 2 for day, cost in whole)
    deviation = sqrt(squares / freedom)
    # The days to come differ among themselves, and what is expected of them is itself only estimated.
    return student(freedom, CONFIDENCE) * deviation * sqrt(ahead + ahead**2 / len(whole))
