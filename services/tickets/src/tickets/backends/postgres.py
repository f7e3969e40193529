"""Tickets and the queue of hand-overs in our own Postgres, inside the request's one transaction."""

from contracts.ids import new_id
from servicekit.db.pool import Connection
from servicekit.sealing.subjects import SubjectKeys
from tickets import repository
from tickets.backends.port import Handoff, HandoffDraft, Ticket, TicketDraft
from tickets.backends.queue import join_queue


class PostgresTickets:
    """A `TicketsBackend` over one connection that is in a transaction."""

    def __init__(self, connection: Connection, prefix: str, keys: SubjectKeys) -> None:
        self._connection, self._prefix, self._keys = connection, prefix, keys

    async def open_ticket(self, draft: TicketDraft) -> Ticket:
        """Stores the ticket and its first event."""
        sealer = await self._keys.sealer(self._connection, draft.owner)
        row = await repository.insert_ticket(self._connection, new_id("tkt"), self._prefix, draft, sealer)
        await repository.insert_event(self._connection, row["id"], "created", draft.owner, draft.created_at)
        return Ticket(id=row["id"], number=row["number"], status=row["status"])

    async def hand_over(self, draft: HandoffDraft) -> Handoff:
        """Stores ticket, events and hand-over."""
        return await join_queue(self._connection, self._keys, draft, lambda: self.open_ticket(draft.ticket))
