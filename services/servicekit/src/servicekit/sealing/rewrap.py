"""Data keys wrapped anew under the active master key, in batches, while the service serves.

No row is locked: each is replaced only if it is still what was read, so an erasure or another run in between wins.
"""

from dataclasses import dataclass

from servicekit.crypto import Keyring, SealError
from servicekit.db.pool import Connection

BATCH = 500


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Where wrapped data keys are. A wrapped key is bound to its row's `row_id`. The names come from our code only."""

    table: str
    row_id: str
    wrapped: str
    key_id: str = "key_id"


#: In every service that seals what belongs to a person (`servicekit.sealing.subjects`).
PEOPLE = KeyTable("data_keys", "subject_hash", "wrapped")
#: In the orchestrator.
CONVERSATIONS = KeyTable("conversations", "id", "data_key")


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """How many keys were wrapped anew, and how many could not be: their master key is gone, or they were changed."""

    done: int
    unreadable: int


async def rewrap(db: Connection, table: KeyTable, ring: Keyring, batch: int = BATCH) -> Rewrapped:
    """Wraps all data keys of the table that are under another key than the active one. May be repeated."""
    done = unreadable = 0
    after = ""
    while rows := await db.fetch(_next(table), ring.active, after, batch):
        changed = []
        for row_id, key_id, wrapped in rows:
            aad = row_id.encode()
            try:
                fresh = ring.wrap_key(ring.unwrap_key(key_id, wrapped, aad), aad)
            except SealError:
                unreadable += 1
            else:
                changed.append((row_id, ring.active, fresh, wrapped))
        await db.executemany(_replace(table), changed)
        done += len(changed)
        after = rows[-1][0]
    return Rewrapped(done, unreadable)


async def uses(db: Connection, table: KeyTable, key_id: str) -> int:
    """How many data keys are wrapped under this master key."""
    query = f"SELECT count(*) FROM {table.table} WHERE {table.key_id} = $1 AND {table.wrapped} IS NOT NULL"  # noqa: S608 - names of our own
    return int(await db.fetchval(query, key_id))


def _next(table: KeyTable) -> str:
    return (
        f"SELECT {table.row_id}, {table.key_id}, {table.wrapped} FROM {table.table}"  # noqa: S608 - names of our own
        f" WHERE {table.key_id} <> $1 AND {table.wrapped} IS NOT NULL AND {table.row_id} > $2"
        f" ORDER BY {table.row_id} LIMIT $3"
    )


def _replace(table: KeyTable) -> str:
    return (
        f"UPDATE {table.table} SET {table.key_id} = $2, {table.wrapped} = $3"  # noqa: S608 - names of our own
        f" WHERE {table.row_id} = $1 AND {table.wrapped} = $4"
    )
