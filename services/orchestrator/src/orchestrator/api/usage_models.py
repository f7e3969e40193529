"""Bodies of `GET /api/agent/usage`. Money is in US dollars."""

from datetime import date
from typing import Literal

from pydantic import Field

from contracts.base import ContractModel


class ModelUsageView(ContractModel):
    """What one model used. `priced` is False when it used tokens and no price of it is known: its cost reads 0."""

    model: str
    turns: int
    tokens_in: int
    tokens_out: int
    cost_usd: float
    priced: bool


class DayUsageView(ContractModel):
    """What was used on a day (UTC)."""

    day: date
    turns: int
    tokens: int
    cost_usd: float


class CapView(ContractModel):
    """A cap of the shop. `used` 1 is all of it; `reached_on`: when it will be, if it goes on as expected."""

    cap: Literal["shop_day", "shop_month"]
    usd: float | None
    tokens: int | None
    used: float = Field(ge=0)
    reached_on: date | None


class ForecastView(ContractModel):
    """The month's cost, and the interval that holds it with `confidence`, from so many whole days.

    `weekday`: each weekday has its own mean; `mean`: all have one; `none`: no whole day is over yet.
    """

    month_usd: float
    low_usd: float
    high_usd: float
    confidence: float
    method: Literal["none", "mean", "weekday"]
    days: int


class UsageView(ContractModel):
    """What the shop has used, today and in this month, and what it will come to. `level`: at which turns begin now,
    as far as the shop's own caps go.
    """

    day: date
    level: Literal["strong", "small", "knowledge", "email"]
    today: tuple[ModelUsageView, ...]
    month: tuple[ModelUsageView, ...]
    days: tuple[DayUsageView, ...]
    caps: tuple[CapView, ...]
    forecast: ForecastView
