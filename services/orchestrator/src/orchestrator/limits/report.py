"""What was used and what it will come to: the numbers behind `GET /api/agent/usage` and `aiguy usage`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from orchestrator.limits.deciding import Verdict, level_of
from orchestrator.limits.forecast import Forecast, day_reached, first_day_over, forecast
from orchestrator.limits.policy import CapName, LimitsPolicy
from orchestrator.limits.usage import DayUsage, ModelUsage, Spent, usage_by_day, usage_by_model
from servicekit.clock import Clock
from servicekit.db.pool import Database

#: So many days before today are looked at: eight of each weekday.
HISTORY_DAYS = 56


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The shop's usage on `day` and in its month, what its caps say to it, and the forecast.

    `reached`: by cap, the day on which it will be used up if it goes on as expected; None: not within the month.
    """

    day: date
    days: Sequence[DayUsage]
    today: Sequence[ModelUsage]
    month: Sequence[ModelUsage]
    verdict: Verdict
    forecast: Forecast
    reached: dict[CapName, date | None]


@dataclass(frozen=True, slots=True)
class UsageDesk:
    """Reads usage for staff."""

    database: Database
    clock: Clock
    policy: LimitsPolicy

    async def report(self) -> UsageReport:
        """All of it, as of now."""
        today = self.clock.now().astimezone(UTC).date()
        month = today.replace(day=1)
        async with self.database.read() as db:
            days = await usage_by_day(db, min(month, today - timedelta(days=HISTORY_DAYS)))
            on_day, in_month = await usage_by_model(db, today), await usage_by_model(db, month)
        costs = {one.day: one.cost_micros for one in days}
        expected = forecast(costs, today)
        before = sum(cost for day, cost in costs.items() if month <= day < today)
        return UsageReport(
            day=today, days=[one for one in days if one.day >= month], today=on_day, month=in_month,
            verdict=level_of(self.policy, {"shop_day": _all(on_day), "shop_month": _all(in_month)}), forecast=expected,
            reached={
                "shop_day": first_day_over(self.policy.cap("shop_day").cost_micros, expected.daily),
                "shop_month": day_reached(self.policy.cap("shop_month").cost_micros, before, expected.daily),
            },
        )  # fmt: skip


def _all(models: Sequence[ModelUsage]) -> Spent:
    return Spent(
        sum(one.tokens_in + one.tokens_out for one in models), sum(one.cost_micros for one in models)
    )  # fmt: skip
