"""When people are there: opening hours by weekday, in a time zone, without the days that stay closed. Pure."""

from datetime import date, datetime, time, timedelta
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from contracts.base import ContractModel

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_DAYS: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Longer than a year nobody is closed.
_MOST_CLOSED = 366


class OpeningHours(ContractModel):
    """`open`: from when to when, by day, in `timezone`. A weekday that is left out stays closed, and so does each date
    in `closed`.
    """

    timezone: ZoneInfo
    open: dict[Day, tuple[time, time]] = Field(min_length=1)
    closed: frozenset[date] = frozenset()

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if any(opens >= closes for opens, closes in self.open.values()):
            raise ValueError("each day opens before it closes")
        if len(self.closed) > _MOST_CLOSED:
            raise ValueError(f"at most {_MOST_CLOSED} days are closed besides weekdays")
        return self

    def is_open(self, now: datetime) -> bool:
        """Whether people are there `now` (aware)."""
        opens, closes = self._span(now.astimezone(self.timezone).date(), now)
        return opens <= now < closes

    def opens(self, now: datetime) -> datetime:
        """When people are there next: `now` when they are; in the time zone of `now`."""
        return self.after(timedelta(0), now)

    def closes(self, now: datetime) -> datetime:
        """When people leave who are there `now`; `now` when nobody is."""
        return self._span(now.astimezone(self.timezone).date(), now)[1] if self.is_open(now) else now

    def after(self, left: timedelta, now: datetime) -> datetime:
        """When it has been open for `left` since `now` (aware), in the time zone of `now`."""
        day = now.astimezone(self.timezone).date()
        while True:
            opens, closes = self._span(day, now)
            start = max(opens, now)
            if start < closes:
                if start + left <= closes:
                    return start + left
                left -= closes - start
            day += timedelta(days=1)

    def _span(self, day: date, now: datetime) -> tuple[datetime, datetime]:
        """From when to when it is open on that day; both at midnight when it stays closed."""
        hours = self.open.get(_DAYS[day.weekday()])
        if hours is None or day in self.closed:
            hours = (time.min, time.min)
        opens, closes = (datetime.combine(day, at, self.timezone).astimezone(now.tzinfo) for at in hours)
        return opens, closes
