"""The SQL of our messages in Slack. A row is there before its message is, so that no message is there twice."""

from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from servicekit.db.pool import Connection

_FIND = "SELECT * FROM slack_posts WHERE id = $1"
_BEGIN = "INSERT INTO slack_posts (id, conversation_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_UNDO = "DELETE FROM slack_posts WHERE id = $1 AND ts IS NULL"
_STANDS = "UPDATE slack_posts SET ts = $2, named = $3, shown = $4, closed = $5 WHERE id = $1"
_BELOW = "SELECT * FROM slack_posts WHERE conversation_id = $1 AND starts_with(id, $2) ORDER BY created_at, id"
_ALERTED = "SELECT conversation_id FROM slack_posts WHERE named = $1 AND starts_with(id, 'alert|') LIMIT 1"


@dataclass(frozen=True, slots=True)
class Post:
    """A message of ours. Without `ts` nobody knows whether it is there; one that is `closed` changes no more."""

    id: str
    ts: str | None
    shown: str | None
    closed: bool
    begun_at: datetime


async def find_post(db: Connection, post_id: str) -> Post | None:
    """The message; None when nobody has begun it."""
    row = await db.fetchrow(_FIND, post_id)
    return None if row is None else _post(row)


async def begin_post(db: Connection, post_id: str, conversation_id: str) -> None:
    """It may be there from now on."""
    await db.execute(_BEGIN, post_id, conversation_id)


async def undo_post(db: Connection, post_id: str) -> None:
    """It is not there: Slack said so."""
    await db.execute(_UNDO, post_id)


async def post_stands(db: Connection, post_id: str, ts: str, named: str, shown: str, *, closed: bool) -> None:
    """It is there, and shows this."""
    await db.execute(_STANDS, post_id, ts, named, shown, closed)


async def posts_below(db: Connection, conversation_id: str, prefix: str) -> list[Post]:
    """Messages of a conversation whose id begins so, the oldest first."""
    rows = await db.fetch(_BELOW, conversation_id, prefix)
    return [_post(row) for row in rows]


async def conversation_of_alert(db: Connection, named: str) -> str | None:
    """The conversation that an alert of ours is about. What is said below a card for staff is said to nobody."""
    found: str | None = await db.fetchval(_ALERTED, named)
    return found


def _post(row: Record) -> Post:
    return Post(row["id"], row["ts"], row["shown"], row["closed"], row["created_at"])
