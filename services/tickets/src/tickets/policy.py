"""The rules of tickets: when the first reply is due, which queue a ticket joins. The facts are in `sla.yaml`."""

from datetime import datetime, timedelta
from importlib.resources import files
from typing import Self

import yaml
from pydantic import model_validator

from contracts.base import ContractModel
from contracts.tools.tickets import HandoffReason, TicketCategory, TicketPriority
from servicekit.hours import OpeningHours

#: The part of the time for a first reply after which staff are reminded.
_SOON = 0.75


class HandoffRule(ContractModel):
    """How a hand-over is treated: the priority sets its due time."""

    priority: TicketPriority
    queue: str


class SlaPolicy(OpeningHours):
    """The file. `first_reply_hours` count only while support is open."""

    version: int
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
        if not complete:
            raise ValueError("each priority, category and reason needs its rule")
        return self

    def first_reply_due(self, priority: TicketPriority, now: datetime) -> datetime:
        """When the first reply to a ticket opened `now` (aware) is due, in the time zone of `now`."""
        return self.after(timedelta(hours=self.first_reply_hours[priority]), now)

    def reply_soon_at(self, priority: TicketPriority, now: datetime) -> datetime:
        """When three quarters of that time are over: support hours, so that staff hear of it while they are there."""
        return self.after(timedelta(hours=self.first_reply_hours[priority]) * _SOON, now)

    def queue_for(self, category: TicketCategory) -> str:
        """The queue of a ticket that customers open themselves."""
        return self.queues[category]

    def handoff_rule(self, reason: HandoffReason) -> HandoffRule:
        """The rule for a hand-over with that reason."""
        return self.handoffs[reason]


def load_policy() -> SlaPolicy:
    """The policy that ships with the service. Raises pydantic.ValidationError when the file is wrong."""
    return SlaPolicy.model_validate(yaml.safe_load(files("tickets").joinpath("sla.yaml").read_text(encoding="utf-8")))
