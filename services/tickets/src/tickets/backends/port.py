"""What the handlers need of the system that holds the tickets and the queue of hand-overs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from contracts.tools.tickets import HandoffReason, TicketCategory, TicketPriority
from servicekit.db.pool import Connection, Database


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """A ticket to be opened. Who asks and where (`requester` to `turn_id`) is the signed token's, never the arguments'.

    `ref` is made from the caller and the idempotency key: a repeated call has the same one.
    `owner` is what the requester is called in our tables.
    `reply_soon_at`: staff are reminded, a while before the first reply is due.
    """

    ref: str
    requester: str
    owner: str
    guest: bool
    email: str | None
    name: str | None
    conversation_id: str | None
    turn_id: str | None
    subject: str
    body: str
    category: TicketCategory
    priority: TicketPriority
    queue: str
    order_id: str | None
    first_reply_due: datetime
    reply_soon_at: datetime
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


#: Gives the backend of one request, over the connection of its transaction.
OpenBackend = Callable[[Connection], TicketsBackend]


class RemoteDesk(Protocol):
    """A ticket system of somebody else: its tickets are opened before the transaction in which the backend runs.

    The `begin` calls make the intent durable; the others may be repeated after a crash, and then find what they did.
    """

    async def begin_ticket(self, connection: Connection, draft: TicketDraft) -> None:
        """Writes down that this ticket will be opened."""
        ...

    async def submit_ticket(self, db: Database, draft: TicketDraft) -> None:
        """Opens it there. Raises ProblemError."""
        ...

    async def begin_handoff(self, connection: Connection, draft: HandoffDraft) -> None:
        """The same for a hand-over's ticket, unless the conversation is handed over already."""
        ...

    async def submit_handoff(self, db: Database, draft: HandoffDraft) -> None:
        """Opens it there, unless the conversation is handed over already. Raises ProblemError."""
        ...
