"""The rules of tickets: when the first reply is due, which queue a ticket joins. The facts are in `sla.yaml`."""

from datetime import date, datetime, time, timedelta
from importlib.resources import files
from typing import Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import Field, model_validator

from contracts.base import ContractModel
from contracts.tools.tickets import HandoffReason, TicketCategory, TicketPriority

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
#: The part of the time for a first reply after which staff are reminded.
_SOON = 0.75
_DAYS: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class HandoffRule(ContractModel):
    """How a hand-over is treated: the priority sets its due time."""

    priority: TicketPriority
    queue: str


class SlaPolicy(ContractModel):
    """The file. `first_reply_hours` count only while support is open, in `timezone`."""

    version: int
    timezone: ZoneInfo
    open: dict[Day, tuple[time, time]] = Field(min_length=1)
    closed: frozenset[date]
    first_reply_hours: dict[TicketPriority, int]
    queues: dict[TicketCategory, str]
    handoffs: dict[HandoffReason, HandoffRule]

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        complete = (
            set(self.first_reply_hours) == set(TicketPriority)
            and set(self.queues) == set(TicketCategory)
            and set(self.handoffs) == set(HandoffReason)
        )
        if not complete or any(opens >= closes for opens, closes in self.open.values()):
            raise ValueError("each priority, category and reason needs its rule, and each day opens before it closes")
        return self

    def first_reply_due(self, priority: TicketPriority, now: datetime) -> datetime:
        """When the first reply to a ticket opened `now` (aware) is due, in the time zone of `now`."""
        return self._in_support_hours(timedelta(hours=self.first_reply_hours[priority]), now)

    def reply_soon_at(self, priority: TicketPriority, now: datetime) -> datetime:
        """When three quarters of that time are over: support hours, so that staff hear of it while they are there."""
        return self._in_support_hours(timedelta(hours=self.first_reply_hours[priority]) * _SOON, now)

    def queue_for(self, category: TicketCategory) -> str:
        """The queue of a ticket that customers open themselves."""
        return self.queues[category]

    def handoff_rule(self, reason: HandoffReason) -> HandoffRule:
        """The rule for a hand-over with that reason."""
        return self.handoffs[reason]

    def _in_support_hours(self, left: timedelta, now: datetime) -> datetime:
        """When support has been open for `left` since `now`."""
        day = now.astimezone(self.timezone).date()
        while True:
            opens, closes = self._hours(day, now)
            start = max(opens, now)
            if start < closes:
                if start + left <= closes:
                    return start + left
                left -= closes - start
            day += timedelta(days=1)

    def _hours(self, day: date, now: datetime) -> tuple[datetime, datetime]:
        """When support opens and closes on that day; both at midnight when it stays closed."""
        hours = self.open.get(_DAYS[day.weekday()])
        if hours is None or day in self.closed:
            hours = (time.min, time.min)
        opens, closes = (datetime.combine(day, at, self.timezone).astimezone(now.tzinfo) for at in hours)
        return opens, closes


def load_policy() -> SlaPolicy:
    """The policy that ships with the service. Raises pydantic.ValidationError when the file is wrong."""
    return SlaPolicy.model_validate(yaml.safe_load(files("tickets").joinpath("sla.yaml").read_text(encoding="utf-8")))
