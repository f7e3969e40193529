"""What staff decided before, for whoever decides now: under the same clause of the policy, for the same customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from servicekit.db.pool import Connection

_SHOWN = 3
#: Enough to say how it is usually decided; more would be counted for each look at the queue.
_COUNTED = 100
_SAME_CLAUSE = (
    "SELECT k.turn_id, k.conversation_id, k.state, k.decided_at FROM cards k"
    " JOIN conversations c ON c.id = k.conversation_id WHERE k.kind = 'approval' AND k.state IN ('yes', 'no')"
    " AND k.policy = $2 AND c.issuer = $1 ORDER BY k.decided_at DESC LIMIT $3"
)
_SAME_CUSTOMER = (
    "SELECT k.turn_id, k.conversation_id, k.state, k.decided_at FROM conversations c"
    " JOIN cards k ON k.conversation_id = c.id AND k.kind = 'approval' AND k.state IN ('yes', 'no')"
    " WHERE c.issuer = $1 AND c.subject_hash = $2 ORDER BY k.decided_at DESC LIMIT $3"
)


@dataclass(frozen=True, slots=True)
class Precedent:
    """A decision of before, and the conversation that it was about."""

    conversation_id: str
    approved: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Precedents:
    """How the last decisions of a kind went, at most 100, and the latest of them."""

    approved: int
    denied: int
    latest: Sequence[Precedent]


async def same_clause(db: Connection, site: str, policy: str) -> Precedents:
    """Decisions under the same clause. Without a clause there is nothing to compare."""
    return await _found(db, _SAME_CLAUSE, site, policy) if policy else Precedents(0, 0, ())


async def same_customer(db: Connection, site: str, subject_hash: str) -> Precedents:
    """Decisions about the same customer."""
    return await _found(db, _SAME_CUSTOMER, site, subject_hash)


async def _found(db: Connection, statement: str, site: str, same: str) -> Precedents:
    rows = await db.fetch(statement, site, same, _COUNTED)
    all_of = [Precedent(row["conversation_id"], row["state"] == "yes", row["decided_at"]) for row in rows]
    approved = sum(one.approved for one in all_of)
    return Precedents(approved, len(all_of) - approved, all_of[:_SHOWN])
