"""Tickets in Zendesk, the queue of hand-overs in our own Postgres.

`ZendeskDesk` opens the ticket there, before the transaction; `ZendeskTickets` then keeps our row for it, inside of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from servicekit.db.pool import Connection, Database
from servicekit.http.remote import RemoteFailure
from servicekit.sealing.subjects import SubjectKeys
from tickets import remote_repository, repository
from tickets.backends.port import Handoff, HandoffDraft, Ticket, TicketDraft
from tickets.backends.queue import join_queue
from tickets.backends.remote_refs import handoff_ref, new_handoff_ref
from tickets.backends.zendesk_api import ZendeskApi, ZendeskTicket
from tickets.backends.zendesk_body import handoff_body, person_ref, status_of, ticket_body
from tickets.backends.zendesk_problems import not_yet, problem_of

#: Gives the body of the ticket, from what says who asks.
_Body = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ZendeskDesk:
    """A `RemoteDesk`. `order_field` is the custom field for the order's id, when there is one; else it is a tag."""

    api: ZendeskApi
    guest_name: str
    order_field: int | None = None

    async def begin_ticket(self, connection: Connection, draft: TicketDraft) -> None:
        """See `RemoteDesk.begin_ticket`."""
        await remote_repository.intend(connection, draft.ref, draft.created_at)

    async def submit_ticket(self, db: Database, draft: TicketDraft) -> None:
        """See `RemoteDesk.submit_ticket`."""
        await self._open(db, draft.ref, draft, lambda who: ticket_body(draft, draft.ref, who, self.order_field))

    async def begin_handoff(self, connection: Connection, draft: HandoffDraft) -> None:
        """See `RemoteDesk.begin_handoff`."""
        ref = await handoff_ref(connection, draft.ticket)
        if ref is not None:
            await remote_repository.intend(connection, ref, draft.ticket.created_at)

    async def submit_handoff(self, db: Database, draft: HandoffDraft) -> None:
        """See `RemoteDesk.submit_handoff`."""
        async with db.primary() as connection:
            ref = await handoff_ref(connection, draft.ticket)
        if ref is not None:
            await self._open(db, ref, draft.ticket, lambda who: handoff_body(draft, ref, who, self.order_field))

    async def _open(self, db: Database, ref: str, draft: TicketDraft, body: _Body) -> None:
        """One ticket for `ref`, however often this runs and wherever it stops. No connection is held meanwhile."""
        async with db.primary() as connection:
            intent = await remote_repository.intent(connection, ref)
        if intent is None:
            raise not_yet()
        if intent.remote_id is not None:
            return
        try:
            # Somebody set out before: the answer may have been lost, and their memory of our key ends after two hours.
            found = await self.api.find(ref) if intent.tries > 1 else None
            found = found or await self._create(ref, body(await self._requester(draft)))
        except RemoteFailure as failure:
            raise problem_of(failure) from failure
        async with db.primary() as connection:
            await remote_repository.opened(connection, ref, str(found.id), found.status)

    async def _create(self, ref: str, ticket: dict[str, Any]) -> ZendeskTicket:
        try:
            return await self.api.create(ticket, ref)
        except RemoteFailure as failure:
            # Either is also their answer to a key in use: by this call's repeat, or by the same hand-over's other call.
            found = await self.api.find(ref) if failure.kind in ("conflict", "rejected") else None
            if found is None:
                raise
            return found

    async def _requester(self, draft: TicketDraft) -> dict[str, Any]:
        if draft.email is not None:
            return {"requester": {"name": draft.name or draft.email, "email": draft.email}}
        return {"requester_id": await self.api.person(person_ref(draft.requester), draft.name or self.guest_name)}


class ZendeskTickets:
    """A `TicketsBackend` over one connection that is in a transaction; the desk has opened the ticket before."""

    def __init__(self, connection: Connection, keys: SubjectKeys) -> None:
        self._connection, self._keys = connection, keys

    async def open_ticket(self, draft: TicketDraft) -> Ticket:
        """Stores our row of the ticket and its first event. Raises OVERLOADED when it is not open there."""
        return await self._keep(draft.ref, draft)

    async def hand_over(self, draft: HandoffDraft) -> Handoff:
        """Stores our row of the ticket, events and hand-over."""

        async def open_ticket() -> Ticket:
            return await self._keep(await new_handoff_ref(self._connection, draft.ticket), draft.ticket)

        return await join_queue(self._connection, self._keys, draft, open_ticket)

    async def _keep(self, ref: str, draft: TicketDraft) -> Ticket:
        intent = await remote_repository.intent(self._connection, ref)
        if intent is None or intent.remote_id is None or intent.status is None:
            raise not_yet()
        number, status = f"#{intent.remote_id}", status_of(intent.status)
        if await repository.insert_kept_elsewhere(self._connection, ref, number, status, draft):
            await repository.insert_event(self._connection, ref, "created", draft.owner, draft.created_at)
        return Ticket(ref, number, status)
