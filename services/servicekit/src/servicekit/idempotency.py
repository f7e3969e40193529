"""Idempotency of writes, as in the IETF draft: same key and body, the stored answer; another body 422; in flight 409.

One transaction holds everything: an advisory lock on the key, the write itself, and the stored answer. A crashed
attempt leaves nothing behind, so the next one simply runs; there is no lease that must first expire.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg
import orjson

from contracts.errors import ProblemCode
from servicekit.clock import Clock
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

_MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class IdempotencyScope:
    """What a key belongs to: the caller (issuer and subject) and the route."""

    caller: str
    route: str
    key: str

    @property
    def lock(self) -> int:
        """The advisory lock of this key: 64 bits of its hash."""
        material = "\x00".join((self.caller, self.route, self.key)).encode()
        return int.from_bytes(hashlib.sha256(material).digest()[:8], "big", signed=True)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer, byte for byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def check_key(key: str | None) -> str:
    """The key of a write: 1 to 255 visible ASCII characters. Raises IDEMPOTENCY_KEY_MISSING or INVALID_REQUEST."""
    if not key:
        raise ProblemError(ProblemCode.IDEMPOTENCY_KEY_MISSING, "Send an Idempotency-Key header with every write.")
    if len(key) > _MAX_KEY or not all("!" <= char <= "~" for char in key):
        raise ProblemError(ProblemCode.INVALID_REQUEST, "The Idempotency-Key has 1 to 255 visible ASCII characters.")
    return key


def body_hash(body: bytes) -> bytes:
    """What is kept of a body: its sha256."""
    return hashlib.sha256(body).digest()


def is_storable(error: ProblemError) -> bool:
    """Whether a problem is the answer for good: a business 4xx that no new token, grant or later attempt changes."""
    found = error.problem
    return 400 <= found.status < 500 and found.status not in (401, 403) and not found.retryable


class IdempotencyStore:
    """The table `idempotency`. Both calls belong into the transaction of the write."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def claim(self, connection: Connection, scope: IdempotencyScope, hashed: bytes) -> StoredAnswer | None:
        """Takes the key until the transaction ends. The stored answer when there is one; None: go on, run the write.

        Raises ProblemError(IDEMPOTENCY_IN_FLIGHT) while another transaction holds the key, IDEMPOTENCY_KEY_REUSED when
        the key was for another body.
        """
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", scope.lock):
            raise ProblemError(
                ProblemCode.IDEMPOTENCY_IN_FLIGHT, "The first request with this key is still running.", retry_after_s=1
            )
        # A statement of its own: its snapshot is newer than the lock, so it sees what the last holder committed.
        row = await connection.fetchrow(
            "SELECT body_hash, status, headers, body FROM idempotency WHERE caller = $1 AND route = $2 AND key = $3",
            scope.caller, scope.route, scope.key,
        )  # fmt: skip
        if row is None:
            return None
        if row["body_hash"] != hashed:
            raise ProblemError(ProblemCode.IDEMPOTENCY_KEY_REUSED, "This Idempotency-Key was used for another request.")
        return StoredAnswer(row["status"], orjson.loads(row["headers"]), row["body"])

    async def store(
        self,
        connection: Connection,
        scope: IdempotencyScope,
        hashed: bytes,
        answer: StoredAnswer,
        *,
        grant_id: str | None = None,
    ) -> None:
        """Keeps the answer; it is valid with the transaction. Raises ProblemError(GRANT_INVALID) for a used grant."""
        try:
            await connection.execute(
                "INSERT INTO idempotency (caller, route, key, body_hash, status, headers, body, grant_id, created_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                scope.caller, scope.route, scope.key, hashed, answer.status,
                orjson.dumps(dict(answer.headers)).decode(), answer.body, grant_id, self._clock.now(),
            )  # fmt: skip
        except asyncpg.exceptions.UniqueViolationError as error:
            if error.constraint_name != "idempotency_grant":
                raise
            raise ProblemError(ProblemCode.GRANT_INVALID, "This grant was already used for another call.") from error


async def forget_caller(connection: Connection, issuer: str, subject: str) -> int:
    """Takes a person's subject out of the stored answers; returns how many.

    The rows stay without an owner: a grant that was used up stays used up, and no key finds them again.
    """
    status: str = await connection.execute(
        "UPDATE idempotency SET caller = 'erased|' || gen_random_uuid(), body = '' WHERE caller = $1",
        f"{issuer}|{subject}",
    )
    return int(status.rsplit(" ", 1)[1])
