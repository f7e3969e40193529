"""The SQL of tickets that another system keeps."""

from dataclasses import dataclass
from datetime import datetime

from servicekit.db.pool import Connection

_INTEND = """
INSERT INTO remote_tickets (ref, created_at) VALUES ($1, $2)
ON CONFLICT (ref) DO UPDATE SET tries = remote_tickets.tries + 1
"""
_FIND = "SELECT tries, remote_id, status FROM remote_tickets WHERE ref = $1"
_OPENED = "UPDATE remote_tickets SET remote_id = $2, status = $3 WHERE ref = $1 AND remote_id IS NULL"


@dataclass(frozen=True, slots=True)
class Intent:
    """A ticket that is to be opened, or is; `remote_id` and `status` are the other system's, once they are known."""

    tries: int
    remote_id: str | None
    status: str | None


async def intend(connection: Connection, ref: str, now: datetime) -> None:
    """Writes down, or counts, that we set out to open the ticket."""
    await connection.execute(_INTEND, ref, now)


async def intent(connection: Connection, ref: str) -> Intent | None:
    """What is known of the ticket; None when nobody set out to open it."""
    row = await connection.fetchrow(_FIND, ref)
    return None if row is None else Intent(row["tries"], row["remote_id"], row["status"])


async def opened(connection: Connection, ref: str, remote_id: str, status: str) -> None:
    """Keeps the ticket's id and status there; the first one stays."""
    await connection.execute(_OPENED, ref, remote_id, status)
