"""The queue of hand-overs. It is ours, in our own Postgres, wherever the tickets are kept."""

from collections.abc import Awaitable, Callable

import asyncpg

from contracts.ids import new_id
from servicekit.db.pool import Connection
from servicekit.sealing.subjects import SubjectKeys
from tickets import repository
from tickets.backends.port import Handoff, HandoffDraft, Ticket

#: Opens the ticket of a hand-over, in the same transaction.
OpenTicket = Callable[[], Awaitable[Ticket]]


async def join_queue(
    connection: Connection, keys: SubjectKeys, draft: HandoffDraft, open_ticket: OpenTicket
) -> Handoff:
    """Stores hand-over and event, or finds the conversation's open one. One at a time: places and positions agree."""
    about = draft.ticket
    await repository.lock_queues(connection)
    if about.conversation_id is not None:
        found = await repository.open_handoff(connection, about.conversation_id, about.owner)
        if found is not None:
            return await _in_queue(connection, found)
    ticket = await open_ticket()
    sealer = await keys.sealer(connection, about.owner)
    await repository.insert_handoff(connection, new_id("hnd"), ticket.id, draft, sealer)
    await repository.insert_event(connection, ticket.id, "handed_off", about.owner, about.created_at)
    return await _in_queue(connection, await repository.handoff_of_ticket(connection, ticket.id))


async def _in_queue(connection: Connection, row: asyncpg.Record) -> Handoff:
    return Handoff(
        id=row["id"],
        ticket_id=row["ticket_id"],
        ticket_number=row["number"],
        queue=row["queue"],
        position=await repository.open_before(connection, row["queue"], row["place"]),
        reply_due=row["reply_due"],
    )
