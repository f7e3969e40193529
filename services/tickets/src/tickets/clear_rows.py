"""What a ticket in clear needs besides its sealing: masked words for the search, and events without the subject."""

import asyncpg

from servicekit.db.pool import Connection, Database
from servicekit.sealing.clear import ClearRows
from servicekit.sealing.subjects import SubjectKeys
from tickets.people import TABLES, TICKETS
from tickets.resolved.words import keep_words

_FORGET_ACTOR = "UPDATE ticket_events SET actor = $3 WHERE ticket_id = $1 AND actor = $2 AND kind <> 'resolved'"


def clear_rows(db: Database, keys: SubjectKeys) -> ClearRows:
    """Seals what is in clear in all tables of tickets."""
    return ClearRows(db, keys, TABLES, {TICKETS.table: _complete})


async def _complete(connection: Connection, row: asyncpg.Record, name: str) -> None:
    await connection.execute(_FORGET_ACTOR, row["id"], row["requester"], name)
    words = TICKETS.opened(row, None)
    if words["resolution"]:
        await keep_words(connection, row["id"], words["subject"], words["body"], words["resolution"])
