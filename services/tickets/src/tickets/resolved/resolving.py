"""A ticket becomes resolved: its status, what was answered, its event, its place in the queue; one transaction."""

from dataclasses import dataclass
from datetime import datetime

from contracts.errors import ProblemCode
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError
from servicekit.sealing.subjects import SubjectKeys
from tickets import repository
from tickets.people import TICKETS
from tickets.resolved.words import keep_words

_FIND = """
SELECT id, status, subject, body, resolution, resolved_at, requester, sealed FROM tickets WHERE number = $1 FOR UPDATE
"""
_RESOLVE = "UPDATE tickets SET status = 'solved', resolution = $2, resolved_by = $3, resolved_at = $4 WHERE id = $1"
_LEAVE_QUEUE = "UPDATE handoffs SET status = 'closed' WHERE ticket_id = $1 AND status <> 'closed'"


@dataclass(frozen=True, slots=True)
class Resolution:
    """The ticket as it stands now."""

    number: str
    status: str
    resolved_at: datetime


async def resolve(
    connection: Connection, keys: SubjectKeys, number: str, resolution: str, actor: str, now: datetime
) -> Resolution:
    """Resolve a ticket of ours. The same words again change nothing.

    Raises NOT_FOUND; CONFLICT for a ticket that another system keeps, and for one that was resolved otherwise.
    """
    if number.startswith("#"):
        raise ProblemError(ProblemCode.CONFLICT, "This ticket is kept in Zendesk: solve it there.")
    row = await connection.fetchrow(_FIND, number)
    if row is None:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no such ticket.")
    name = row["requester"] if row["sealed"] else keys.name(row["requester"])
    words = TICKETS.opened(row, await keys.opener(connection, name))
    if row["resolved_at"] is not None:
        if words["resolution"] != resolution:
            raise ProblemError(ProblemCode.CONFLICT, "This ticket was resolved with other words.")
        return Resolution(number, row["status"], row["resolved_at"])
    sealer = await keys.sealer(connection, name)
    stored = sealer.seal(TICKETS.column("resolution"), row["id"], resolution) if row["sealed"] else resolution.encode()
    await connection.execute(_RESOLVE, row["id"], stored, actor, now)
    await keep_words(connection, row["id"], words["subject"], words["body"], resolution)
    await connection.execute(_LEAVE_QUEUE, row["id"])
    await repository.insert_event(connection, row["id"], "resolved", actor, now)
    return Resolution(number, "solved", now)
