"""Requests to erase a person: one transaction destroys the keys here and makes the promise for the other services."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from contracts.errors import ProblemCode
from contracts.ids import new_id
from servicekit.crypto import open_sealed, seal
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

#: The other services are asked twice: a call that was under way when the keys went may write a moment later.
ROUNDS = 2
_ADD = (
    "INSERT INTO privacy_requests (id, issuer, person, conversations, requested_by, requested_at, rounds_left)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"
)
_READ = "SELECT * FROM privacy_requests WHERE id = $1"
_READ_OF_SITE = "SELECT * FROM privacy_requests WHERE id = $1 AND issuer = $2"
_ROUND = (
    "UPDATE privacy_requests SET services = $2::text::jsonb, rounds_left = rounds_left - 1,"
    " done_at = CASE WHEN rounds_left <= 1 THEN now() END, person = CASE WHEN rounds_left > 1 THEN person END"
    " WHERE id = $1 AND rounds_left = $3 AND done_at IS NULL RETURNING rounds_left"
)


@dataclass(frozen=True, slots=True)
class ErasureRequest:
    """A request. `services`: what each of the others erased and kept. `done_at`: when all of them had done it."""

    id: str
    issuer: str
    conversations: int
    requested_at: datetime
    services: Mapping[str, Mapping[str, Mapping[str, object]]]
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Round:
    """What is to be done: the subject that the other services are to erase, and how many rounds are left with this."""

    person: str
    left: int


@dataclass(frozen=True, slots=True)
class Requests:
    """The table; `key` (32 bytes) seals the subject until it is needed no more."""

    key: bytes

    async def add(
        self, db: Connection, issuer: str, subject: str, conversations: int, requested_by: str, at: datetime
    ) -> str:
        """A new request; its id."""
        request_id = new_id("prv")
        person = seal(self.key, subject.encode(), request_id.encode())
        await db.execute(_ADD, request_id, issuer, person, conversations, requested_by, at, ROUNDS)
        return request_id

    async def read(self, db: Connection, request_id: str, issuer: str) -> ErasureRequest:
        """The request. Raises NOT_FOUND when that issuer made none of this id."""
        row = await db.fetchrow(_READ_OF_SITE, request_id, issuer)
        if row is None:
            raise ProblemError(ProblemCode.NOT_FOUND, "There is no such request.")
        return ErasureRequest(
            row["id"], row["issuer"], row["conversations"], row["requested_at"], orjson.loads(row["services"]),
            row["done_at"],
        )  # fmt: skip

    async def next_round(self, db: Connection, request_id: str) -> Round | None:
        """The round to make; None when all is done."""
        row = await db.fetchrow(_READ, request_id)
        if row is None or row["person"] is None:
            return None
        return Round(open_sealed(self.key, row["person"], request_id.encode()).decode(), row["rounds_left"])

    async def round_done(self, db: Connection, request_id: str, made: Round, services: Mapping[str, object]) -> int:
        """All services were asked in this round; how many rounds are left to be made. A round that another worker has
        made at the same time leaves none: it counts once.
        """
        return int(await db.fetchval(_ROUND, request_id, orjson.dumps(services).decode(), made.left) or 0)
