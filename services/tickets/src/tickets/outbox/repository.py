"""The SQL of the outbox."""

from datetime import datetime, timedelta

from contracts.mails import MailOutcome
from servicekit.auth.claims import Caller
from servicekit.crypto import KeyUnavailable
from servicekit.db.pool import Connection
from servicekit.sealing.subjects import SubjectKeys, SubjectSealer
from tickets.outbox.message import Kind, OutboxMessage
from tickets.people import OUTBOX

_PUT = """
INSERT INTO outbox (id, kind, recipient, subject, body, requester, conversation_id, turn_id, next_try_at, created_at,
                    headers, sealed)
VALUES ($1, $2, $3, $4, $5, $7, $8, $9, $10, $10, $6, true)
ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING created_at
"""
# The oldest one that is due and that nobody else is taking just now.
_TAKE = """
UPDATE outbox SET tries = tries + 1, next_try_at = $3
WHERE id = (SELECT id FROM outbox WHERE state = 'waiting' AND kind = $1 AND next_try_at <= $2
            ORDER BY place LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, kind, recipient, subject, body, headers, requester, sealed, created_at, tries
"""
# Only for the attempt that was taken: whoever took it after our time limit has the say.
_MINE = "WHERE id = $1 AND tries = $2 AND state = 'waiting'"
_END = f"""
UPDATE outbox SET state = $3::text, reason = $4, ended_at = $5,
                  recipient = CASE $3::text WHEN 'sent' THEN ''::bytea ELSE recipient END,
                  subject = CASE $3::text WHEN 'sent' THEN ''::bytea ELSE subject END,
                  body = CASE $3::text WHEN 'sent' THEN ''::bytea ELSE body END,
                  headers = CASE $3::text WHEN 'sent' THEN ''::bytea ELSE headers END {_MINE}
"""  # noqa: S608 - constants only
_LATER = f"UPDATE outbox SET reason = $3, next_try_at = $4 {_MINE}"  # noqa: S608
_GIVE_BACK = f"UPDATE outbox SET tries = tries - 1, next_try_at = $3 {_MINE}"  # noqa: S608
_OUTCOME = "SELECT state, coalesce(reason, '') AS reason FROM outbox WHERE id = $1"
_PAUSE = "UPDATE outbox SET next_try_at = $2 WHERE state = 'waiting' AND kind = $1 AND next_try_at < $2"


async def put(
    connection: Connection, message: OutboxMessage, sealer: SubjectSealer, caller: Caller | None = None
) -> datetime:
    """Stores the message, sealed; when it was stored. A message that is there already stays as it is.

    Without a caller it is the service itself that has something to say, about the one whose `sealer` it is.
    """
    where = (None, None) if caller is None else (caller.conversation_id, caller.turn_id)
    words = (
        sealer.seal(OUTBOX.column(name), message.id, text)
        for name, text in (
            ("recipient", message.recipient),
            ("subject", message.subject),
            ("body", message.body),
            ("headers", message.headers),
        )
    )
    stored: datetime = await connection.fetchval(
        _PUT, message.id, message.kind.value, *words, sealer.name, *where, message.created_at
    )
    return stored


async def take(
    connection: Connection, keys: SubjectKeys, kind: Kind, now: datetime, lease_s: float
) -> OutboxMessage | None:
    """The next message of that kind, for one attempt within `lease_s` seconds; None when none is due.

    Raises KeyUnavailable, and then no try is counted: the message waits until the end of the lease.
    """
    row = await connection.fetchrow(_TAKE, kind.value, now, now + timedelta(seconds=lease_s))
    if row is None:
        return None
    try:
        words = OUTBOX.opened(row, await keys.opener(connection, row["requester"]))
    except KeyUnavailable:
        await connection.execute(_GIVE_BACK, row["id"], row["tries"], now + timedelta(seconds=lease_s))
        raise
    if not words["recipient"]:
        return None  # erased while it was taken
    return OutboxMessage(
        id=row["id"], kind=Kind(row["kind"]), created_at=row["created_at"], tries=row["tries"], **words
    )  # fmt: skip


async def end(connection: Connection, message: OutboxMessage, state: str, reason: str, now: datetime) -> None:
    """It is `sent` (and its text and recipient forgotten), or `failed` (and kept for our operators)."""
    await connection.execute(_END, message.id, message.tries, state, reason, now)


async def outcome(connection: Connection, message_id: str) -> MailOutcome:
    """How far the message is; `unknown` when there is none of this id."""
    row = await connection.fetchrow(_OUTCOME, message_id)
    return MailOutcome(state="unknown") if row is None else MailOutcome(state=row["state"], reason=row["reason"])


async def later(connection: Connection, message: OutboxMessage, reason: str, at: datetime) -> None:
    """It is tried again, from `at` on."""
    await connection.execute(_LATER, message.id, message.tries, reason, at)


async def pause(connection: Connection, kind: Kind, until: datetime) -> None:
    """Nothing of that kind is tried before `until`."""
    await connection.execute(_PAUSE, kind.value, until)
