"""What staff hear of tickets: a message in the outbox, in the transaction of what it is about. The words are a file."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib.resources import files
from string import Template
from typing import Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import model_validator

from contracts.base import ContractModel
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection
from servicekit.redaction import redact_text
from servicekit.sealing.subjects import SubjectKeys
from tickets.outbox import repository
from tickets.outbox.message import Kind, OutboxMessage


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


class Wording(ContractModel):
    """`staff_notices.yaml`: a title for each moment, and the lines below it."""

    titles: dict[Moment, str]
    details: str
    subject: str

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if set(self.titles) != set(Moment):
            raise ValueError("each moment needs its title")
        return self


@dataclass(frozen=True, slots=True)
class StaffNotices:
    """Tells the `recipients`, at most one of each kind; without any nothing is sent. Times are shown in `timezone`."""

    recipients: Mapping[Kind, str]
    timezone: ZoneInfo
    wording: Wording
    keys: SubjectKeys

    async def tell(
        self, connection: Connection, moment: Moment, ticket: TicketFacts, now: datetime, caller: Caller | None = None
    ) -> None:
        """Queues the notices in the connection's transaction. Of one moment of a ticket staff hear once, ever."""
        if not self.recipients:
            return
        title, details, subject = self._written(moment, ticket)
        sealer = await self.keys.sealer(connection, ticket.owner)
        for kind, recipient in self.recipients.items():
            mail = kind is Kind.EMAIL
            message = OutboxMessage(
                id=_message_id(moment, ticket.ticket_id, kind), kind=kind, recipient=recipient,
                subject=title if mail else "", body=f"{details}\n{subject}" if mail else f"{title}\n{details}",
                created_at=now,
            )  # fmt: skip
            await repository.put(connection, message, sealer, caller)

    def _written(self, moment: Moment, ticket: TicketFacts) -> tuple[str, str, str]:
        facts = {
            "number": ticket.number, "topic": ticket.topic.replace("_", " "), "priority": ticket.priority,
            "queue": ticket.queue, "due": f"{ticket.first_reply_due.astimezone(self.timezone):%a %d %b %Y, %H:%M %Z}",
            # Customers write addresses and card numbers into subject lines, too.
            "subject": redact_text(ticket.subject),
        }  # fmt: skip
        title, details, subject = (
            Template(text).substitute(facts)
            for text in (self.wording.titles[moment], self.wording.details, self.wording.subject)
        )
        return title, details, subject


def load_wording() -> Wording:
    """The words that ship with the service. Raises pydantic.ValidationError when the file is wrong."""
    text = files("tickets").joinpath("staff_notices.yaml").read_text(encoding="utf-8")
    return Wording.model_validate(yaml.safe_load(text))


def _message_id(moment: Moment, ticket_id: str, kind: Kind) -> str:
    material = "\x00".join(("staff", moment.value, ticket_id, kind.value)).encode()
    return f"msg_{hashlib.sha256(material).hexdigest()[:32]}"
