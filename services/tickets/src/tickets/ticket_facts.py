"""What staff are told of a ticket, and when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Moment(StrEnum):
    """When staff are told, once each: `SOON` when most of the time for the first reply is over, `MISSED` at its end."""

    OPENED = "opened"
    HANDED_OVER = "handed_over"
    SOON = "soon"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What staff are told of a ticket; `topic` is its category, or why it was handed over.

    `owner` is what its requester is called in our tables.
    """

    ticket_id: str
    owner: str
    number: str
    topic: str
    priority: str
    queue: str
    subject: str
    first_reply_due: datetime
