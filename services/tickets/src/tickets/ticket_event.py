"""What a site is told of a ticket by webhook: names for machines where staff read words."""

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from tickets.ticket_facts import Moment, TicketFacts

TYPES: Mapping[Moment, str] = {
    Moment.OPENED: "ticket.created", Moment.HANDED_OVER: "ticket.handed_over", Moment.SOON: "ticket.sla_soon",
    Moment.MISSED: "ticket.sla_missed",
}  # fmt: skip


def event_body(moment: Moment, ticket: TicketFacts, masked_subject: str, now: datetime) -> str:
    """The JSON text of one event. `masked_subject` is the subject line without addresses and numbers."""
    data = {
        "ticket_id": ticket.ticket_id, "number": ticket.number, "topic": ticket.topic, "priority": ticket.priority,
        "queue": ticket.queue, "subject": masked_subject, "first_reply_due": _utc(ticket.first_reply_due),
    }  # fmt: skip
    return orjson.dumps({"type": TYPES[moment], "timestamp": _utc(now), "data": data}).decode()


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
