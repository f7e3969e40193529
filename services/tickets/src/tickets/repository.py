"""The SQL of tickets and hand-overs. People are called by their hashed names, and what they wrote is sealed."""

from datetime import datetime

import asyncpg

from servicekit.db.pool import Connection
from servicekit.sealing.subjects import SubjectSealer
from tickets.backends.port import HandoffDraft, TicketDraft
from tickets.people import HANDOFFS, TICKETS

# A pair of integers has a lock space of its own, apart from the kit's locks on idempotency keys.
_LOCK_QUEUES = "SELECT pg_advisory_xact_lock(7214, 1)"
_INSERT_TICKET = """
INSERT INTO tickets (id, number, requester, guest, conversation_id, turn_id, subject, body, category, priority, queue,
                     order_id, first_reply_due, reply_soon_at, created_at, sealed)
VALUES ($1, $2 || nextval('ticket_numbers'), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, true)
RETURNING id, number, status
"""
# What the customer wrote stands in the other system only.
_INSERT_KEPT_ELSEWHERE = """
INSERT INTO tickets (id, number, status, requester, guest, conversation_id, turn_id, subject, body, category, priority,
                     queue, order_id, first_reply_due, created_at, sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', $8, $9, $10, $11, $12, $13, true)
ON CONFLICT (id) DO NOTHING
"""
_INSERT_EVENT = "INSERT INTO ticket_events (ticket_id, kind, actor, at) VALUES ($1, $2, $3, $4)"
_INSERT_HANDOFF = """
INSERT INTO handoffs (id, ticket_id, requester, conversation_id, reason, summary, transcript, queue,
                      reply_due, created_at, sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true)
"""
_HANDOFF = """
SELECT h.id, h.place, h.ticket_id, h.queue, h.reply_due, t.number FROM handoffs h JOIN tickets t ON t.id = h.ticket_id
"""
_OPEN_HANDOFF = _HANDOFF + "WHERE h.conversation_id = $1 AND h.requester = $2 AND h.status = 'open'"
_HANDOFF_OF_TICKET = _HANDOFF + "WHERE h.ticket_id = $1"
_SO_FAR = "SELECT count(*) FROM handoffs WHERE conversation_id = $1 AND requester = $2"
_OPEN_BEFORE = "SELECT count(*) FROM handoffs WHERE status = 'open' AND queue = $1 AND place < $2"


async def lock_queues(connection: Connection) -> None:
    """Waits until no other transaction is handing over, and keeps others waiting until this one ends."""
    await connection.execute(_LOCK_QUEUES)


async def insert_ticket(
    connection: Connection, ticket_id: str, prefix: str, draft: TicketDraft, sealer: SubjectSealer
) -> asyncpg.Record:
    """The new row: id, number, status."""
    subject, body = (
        sealer.seal(TICKETS.column(name), ticket_id, text)
        for name, text in (("subject", draft.subject), ("body", draft.body))
    )
    row = await connection.fetchrow(
        _INSERT_TICKET, ticket_id, prefix, draft.owner, draft.guest, draft.conversation_id, draft.turn_id,
        subject, body, draft.category.value, draft.priority.value, draft.queue, draft.order_id,
        draft.first_reply_due, draft.reply_soon_at, draft.created_at,
    )  # fmt: skip
    return _one(row)


async def insert_kept_elsewhere(
    connection: Connection, ticket_id: str, number: str, status: str, draft: TicketDraft
) -> bool:
    """Our row for a ticket that another system keeps, without what was written. False when we have it already."""
    done: str = await connection.execute(
        _INSERT_KEPT_ELSEWHERE, ticket_id, number, status, draft.owner, draft.guest, draft.conversation_id,
        draft.turn_id, draft.category.value, draft.priority.value, draft.queue, draft.order_id,
        draft.first_reply_due, draft.created_at,
    )  # fmt: skip
    return done.endswith(" 1")


async def insert_event(connection: Connection, ticket_id: str, kind: str, actor: str, at: datetime) -> None:
    """Adds to what happened to the ticket: `created`, `handed_off`."""
    await connection.execute(_INSERT_EVENT, ticket_id, kind, actor, at)


async def insert_handoff(
    connection: Connection, handoff_id: str, ticket_id: str, draft: HandoffDraft, sealer: SubjectSealer
) -> None:
    """Puts the hand-over at the end of its queue."""
    about = draft.ticket
    summary, transcript = (
        sealer.seal(HANDOFFS.column(name), handoff_id, text)
        for name, text in (("summary", draft.summary), ("transcript", draft.transcript))
    )
    await connection.execute(
        _INSERT_HANDOFF, handoff_id, ticket_id, about.owner, about.conversation_id, draft.reason.value,
        summary, transcript, about.queue, about.first_reply_due, about.created_at,
    )  # fmt: skip


async def open_handoff(connection: Connection, conversation_id: str, owner: str) -> asyncpg.Record | None:
    """The owner's open hand-over of that conversation."""
    return await connection.fetchrow(_OPEN_HANDOFF, conversation_id, owner)


async def handoffs_so_far(connection: Connection, conversation_id: str, owner: str) -> int:
    """How often the conversation was handed over, open or not."""
    count: int = await connection.fetchval(_SO_FAR, conversation_id, owner)
    return count


async def handoff_of_ticket(connection: Connection, ticket_id: str) -> asyncpg.Record:
    """The hand-over that the ticket was opened for."""
    return _one(await connection.fetchrow(_HANDOFF_OF_TICKET, ticket_id))


async def open_before(connection: Connection, queue: str, place: int) -> int:
    """How many open hand-overs of the queue stand before that place."""
    count: int = await connection.fetchval(_OPEN_BEFORE, queue, place)
    return count


def _one(row: asyncpg.Record | None) -> asyncpg.Record:
    if row is None:
        raise LookupError("the statement gave no row")
    return row
