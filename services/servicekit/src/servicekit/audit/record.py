"""Writes the audit record of a call: one cheap statement, in the transaction of what it records."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection
from servicekit.encoding import canonical_json

#: In entries of calls that gave deprecated arguments.
OLD_SHAPE = "old_shape"
_APPEND = "SELECT audit_append($1, $2, $3, $4, $5, $6, $7)"
# The function's own transaction then commits without waiting for the disk: for reads, where the loss of the last half
# second in a crash of the database server is acceptable and the wait would double their time.
_APPEND_RELAXED = "SELECT set_config('synchronous_commit', 'off', true), audit_append($1, $2, $3, $4, $5, $6, $7)"


async def record(
    connection: Connection,
    *,
    caller: Caller,
    tool: str,
    arguments_digest: str,
    outcome: str,
    request_id: str,
    idempotency_key: str | None = None,
    effect_digest: str | None = None,
    approver: str | None = None,
    now: datetime | None = None,
    relaxed: bool = False,
    old_shape: Sequence[str] = (),
    client: str = "",
) -> None:
    """Appends one entry. `outcome`: "ok" or a problem code; digests are hex sha256 (no argument stands here in clear).

    `old_shape` names deprecated arguments that the call gave; the entry then names the `client` too (see `usage.py`).
    The subject itself is kept beside the chain, so `erase_subject` can take it away; the entry holds a salted hash.
    """
    at = now or datetime.now(UTC)
    salt = secrets.token_bytes(16)
    entry: dict[str, object] = {
        "at": at.isoformat(),
        "tool": tool,
        "outcome": outcome,
        "subject_hash": subject_hash(salt, caller.subject),
        "role": caller.role.value,
        "issuer": caller.issuer,
        "actor": caller.actor,
        "approver": approver,
        "conversation_id": caller.conversation_id,
        "turn_id": caller.turn_id,
        "request_id": request_id,
        "arguments_digest": arguments_digest,
        "idempotency_key": idempotency_key,
        "effect_digest": effect_digest,
    }
    if old_shape:
        entry |= {OLD_SHAPE: list(old_shape), "client": client}
    statement = _APPEND_RELAXED if relaxed else _APPEND
    await connection.execute(statement, at, tool, outcome, request_id, canonical_json(entry), caller.subject, salt)


def subject_hash(salt: bytes, subject: str) -> str:
    """What an entry says about its subject: sha256 over salt and subject."""
    return hashlib.sha256(salt + subject.encode()).hexdigest()


async def erase_subject(connection: Connection, subject: str) -> int:
    """Takes the subject out of all entries; returns how many. The chain still verifies."""
    status: str = await connection.execute("UPDATE audit SET subject = NULL, salt = NULL WHERE subject = $1", subject)
    return int(status.rsplit(" ", 1)[1])
