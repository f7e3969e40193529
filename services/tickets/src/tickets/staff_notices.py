"""What staff hear of tickets: a message in the outbox, in the transaction of what it is about. The words are a file."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from string import Template
from typing import Self, assert_never
from zoneinfo import ZoneInfo

import yaml
from pydantic import model_validator

from contracts.base import ContractModel
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection
from servicekit.privacy import Finder, hidden
from servicekit.sealing.subjects import SubjectKeys
from tickets.outbox import repository
from tickets.outbox.message import Kind, OutboxMessage
from tickets.ticket_event import event_body
from tickets.ticket_facts import Moment, TicketFacts


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
    finder: Finder

    async def tell(
        self, connection: Connection, moment: Moment, ticket: TicketFacts, now: datetime, caller: Caller | None = None
    ) -> None:
        """Queues the notices in the connection's transaction. Of one moment of a ticket staff hear once, ever."""
        if not self.recipients:
            return
        sealer = await self.keys.sealer(connection, ticket.owner)
        for kind, recipient in self.recipients.items():
            subject, body = self._words(kind, moment, ticket, now)
            message = OutboxMessage(
                id=_message_id(moment, ticket.ticket_id, kind), kind=kind, recipient=recipient, subject=subject,
                body=body, created_at=now,
            )  # fmt: skip
            await repository.put(connection, message, sealer, caller)

    def _words(self, kind: Kind, moment: Moment, ticket: TicketFacts, now: datetime) -> tuple[str, str]:
        """Subject and body of the message."""
        # Customers write addresses and card numbers into subject lines, too.
        masked = hidden(ticket.subject, self.finder.find(ticket.subject))
        match kind:
            case Kind.WEBHOOK:
                return "", event_body(moment, ticket, masked, now)
            case Kind.EMAIL:
                title, details, subject = self._written(moment, ticket, masked)
                return title, f"{details}\n{subject}"
            case Kind.SLACK:
                title, details, _ = self._written(moment, ticket, masked)
                return "", f"{title}\n{details}"
            case _:
                assert_never(kind)

    def _written(self, moment: Moment, ticket: TicketFacts, masked: str) -> tuple[str, str, str]:
        facts = {
            "number": ticket.number, "topic": ticket.topic.replace("_", " "), "priority": ticket.priority,
            "queue": ticket.queue, "due": f"{ticket.first_reply_due.astimezone(self.timezone):%a %d %b %Y, %H:%M %Z}",
            "subject": masked,
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
