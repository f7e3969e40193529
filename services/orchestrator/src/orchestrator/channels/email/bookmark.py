"""How far a mailbox was read, in SQL. One replica reads at a time; what it has read is noted mail by mail."""

from dataclasses import dataclass
from datetime import datetime

from servicekit.db.pool import Connection

_CLAIM = (
    "INSERT INTO mailboxes (name, due_at) VALUES ($1, now() + make_interval(secs => $2))"
    " ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at WHERE mailboxes.due_at <= now()"
    " RETURNING uidvalidity, last_uid, began_at, read_at, failures"
)
_RENUMBER = "UPDATE mailboxes SET uidvalidity = $2, last_uid = $3 WHERE name = $1"
# A mail takes as long as it takes: as long as they come, nobody else begins.
_GO_ON = (
    "UPDATE mailboxes SET last_uid = greatest(last_uid, $3),"
    " due_at = greatest(due_at, now() + make_interval(secs => $4)) WHERE name = $1 AND uidvalidity = $2"
)
_ASIDE = (
    "INSERT INTO mails_aside (mailbox, uidvalidity, uid, reason) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
    " RETURNING true"
)
_READ = "UPDATE mailboxes SET read_at = now(), failures = 0, due_at = now() + make_interval(secs => $2) WHERE name = $1"
_FAILED = "UPDATE mailboxes SET failures = failures + 1, due_at = now() + make_interval(secs => $2) WHERE name = $1"


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far it was read: up to `last_uid` under `uidvalidity`, which is 0 before the first time. `began_at`: mails
    of before were never ours to answer. `failures` in a row.
    """

    uidvalidity: int
    last_uid: int
    began_at: datetime
    read_at: datetime | None
    failures: int


async def claim(db: Connection, name: str, for_s: float) -> Bookmark | None:
    """The bookmark, when it is time to read and nobody does; for so many seconds it is the caller's to read."""
    row = await db.fetchrow(_CLAIM, name, for_s)
    return None if row is None else Bookmark(**row)


async def renumber(db: Connection, name: str, uidvalidity: int, last_uid: int) -> None:
    """The server counts anew: go on behind this number."""
    await db.execute(_RENUMBER, name, uidvalidity, last_uid)


async def passed(db: Connection, name: str, uidvalidity: int, uid: int, for_s: float) -> None:
    """This mail is dealt with; the mailbox is the caller's for so many seconds more."""
    await db.execute(_GO_ON, name, uidvalidity, uid, for_s)


async def set_aside(db: Connection, name: str, uidvalidity: int, uid: int, reason: str) -> bool:
    """Note a mail that cannot be taken in, for somebody to look at; False when that is noted already."""
    return bool(await db.fetchval(_ASIDE, name, uidvalidity, uid, reason))


async def read_through(db: Connection, name: str, again_s: float) -> None:
    """It was read; the next time is in so many seconds."""
    await db.execute(_READ, name, again_s)


async def failed(db: Connection, name: str, again_s: float) -> None:
    """It could not be read; the next time is in so many seconds."""
    await db.execute(_FAILED, name, again_s)
