"""The audit trail for people: who did what, in which role, when; newest first, paged by key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import orjson
from pydantic import StringConstraints

from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection

PAGE = 50
Before = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,17}~[0-9]{1,5}~[0-9]{1,18}$")]
_ROWS = (
    "SELECT a.at, a.tool, a.outcome, a.subject, a.entry, a.chain, a.seq,"
    " (extract(epoch FROM a.at) * 1000000)::bigint AS place FROM audit a"
    " WHERE ($1 = 0 OR (a.at, a.chain, a.seq) <"
    " (timestamptz 'epoch' + $1::bigint * interval '1 microsecond', $2::smallint, $3::bigint))"
    " AND convert_from(a.entry, 'UTF8')::jsonb ->> 'issuer' = ANY ($4::text[])"
    " ORDER BY a.at DESC, a.chain DESC, a.seq DESC LIMIT $5"
)


@dataclass(frozen=True, slots=True)
class Done:
    """An entry: `role` is that of the token, `actor` the door that it came by with the roles held there."""

    at: datetime
    what: str
    outcome: str
    who: str
    role: str
    actor: str
    conversation_id: str


@dataclass(frozen=True, slots=True)
class Trail:
    """A page of entries, and where the next begins ("": there is none)."""

    entries: Sequence[Done]
    following: str


async def read_trail(db: Connection, caller: Caller, before: str = "") -> Trail:
    """What was done by who signs in where the caller does, or at the caller's site."""
    at, chain, seq = (int(part) for part in before.split("~")) if before else (0, 0, 0)
    rows = await db.fetch(_ROWS, at, chain, seq, sorted({caller.issuer, caller.site}), PAGE + 1)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    following = f"{last['place']}~{last['chain']}~{last['seq']}" if last is not None else ""
    return Trail([_done(row) for row in rows[:PAGE]], following)


def _done(row) -> Done:  # type: ignore[no-untyped-def]
    entry = orjson.loads(row["entry"])
    return Done(
        row["at"], row["tool"], row["outcome"], row["subject"] or "(erased)", entry["role"], entry["actor"] or "API",
        entry["conversation_id"] or "",
    )  # fmt: skip
