"""What the handlers need of the system that holds the tickets and the queue of hand-overs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from contracts.tools.tickets import HandoffReason, TicketCategory, TicketPriority
from servicekit.db.pool import Connection


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """A ticket to be opened. Requester, conversation and turn are the signed token's, never the arguments'."""

    requester: str
    guest: bool
    conversation_id: str | None
    turn_id: str | None
    subject: str
    body: str
    category: TicketCategory
    priority: TicketPriority
    queue: str
    order_id: str | None
    first_reply_due: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """An open ticket; `number` is what people say."""

    id: str
    number: str
    status: str


@dataclass(frozen=True, slots=True)
class HandoffDraft:
    """A hand-over with the ticket that keeps it; due when the ticket is."""

    ticket: TicketDraft
    reason: HandoffReason
    summary: str
    transcript: str


@dataclass(frozen=True, slots=True)
class Handoff:
    """A hand-over in its queue; `position` counts the open ones before it."""

    id: str
    ticket_id: str
    ticket_number: str
    queue: str
    position: int
    reply_due: datetime


class TicketsBackend(Protocol):
    """All that one call changes, it changes together or not at all."""

    async def open_ticket(self, draft: TicketDraft) -> Ticket:
        """A new ticket with a new number."""
        ...

    async def hand_over(self, draft: HandoffDraft) -> Handoff:
        """A new ticket and its place in the queue; the open hand-over of the same conversation when there is one."""
        ...


#: Gives the backend of one request; an adapter of a remote system has no use for the connection.
OpenBackend = Callable[[Connection], TicketsBackend]
