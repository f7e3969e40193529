"""Tickets and the queue of hand-overs in our own Postgres, inside the request's one transaction."""

import asyncpg

from contracts.ids import new_id
from servicekit.db.pool import Connection
from tickets import repository
from tickets.backends.port import Handoff, HandoffDraft, Ticket, TicketDraft


class PostgresTickets:
    """A `TicketsBackend` over one connection that is in a transaction."""

    def __init__(self, connection: Connection, prefix: str) -> None:
        self._connection = connection
        self._prefix = prefix

    async def open_ticket(self, draft: TicketDraft) -> Ticket:
        """Stores the ticket and its first event."""
        row = await repository.insert_ticket(self._connection, new_id("tkt"), self._prefix, draft)
        await repository.insert_event(self._connection, row["id"], "created", draft.requester, draft.created_at)
        return Ticket(id=row["id"], number=row["number"], status=row["status"])

    async def hand_over(self, draft: HandoffDraft) -> Handoff:
        """Stores ticket, events and hand-over; one at a time, so that places and positions agree."""
        connection, about = self._connection, draft.ticket
        await repository.lock_queues(connection)
        if about.conversation_id is not None:
            found = await repository.open_handoff(connection, about.conversation_id, about.requester)
            if found is not None:
                return await self._in_queue(found)
        ticket = await self.open_ticket(about)
        await repository.insert_handoff(connection, new_id("hnd"), ticket.id, draft)
        await repository.insert_event(connection, ticket.id, "handed_off", about.requester, about.created_at)
        return await self._in_queue(await repository.handoff_of_ticket(connection, ticket.id))

    async def _in_queue(self, row: asyncpg.Record) -> Handoff:
        return Handoff(
            id=row["id"],
            ticket_id=row["ticket_id"],
            ticket_number=row["number"],
            queue=row["queue"],
            position=await repository.open_before(self._connection, row["queue"], row["place"]),
            reply_due=row["reply_due"],
        )
