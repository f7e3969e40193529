"""Real turns as rows to label. What customers made known already is filled in; no word of theirs is in a row."""

from datetime import datetime
from typing import Any

import orjson
from asyncpg import Record

from servicekit.db.pool import Connection

# A person was fetched afterwards, because the customer asked for one or went round in circles: the answer did not help.
_TURNS = (
    "SELECT t.id, t.created_at, t.judged, t.outcome, f.thumbs, following.handoff_reason AS then_handed"
    " FROM turns t LEFT JOIN feedback f ON f.turn_id = t.id"
    " LEFT JOIN turns following ON following.conversation_id = t.conversation_id AND following.ordinal = t.ordinal + 1"
    " AND following.handoff_reason IN ('customer_asked', 'repeated_question', 'repeated_call')"
    " WHERE t.judged IS NOT NULL AND t.outcome IN ('answered', 'degraded')"
    " AND ($1::timestamptz IS NULL OR t.created_at >= $1) ORDER BY t.created_at, t.id"
)


async def labelled_rows(db: Connection, since: datetime | None) -> list[dict[str, Any]]:
    """The answered turns, oldest first. `wrong` is null where a person has to say; `why` says what it is known from."""
    return [_row(row) for row in await db.fetch(_TURNS, since)]


def _row(row: Record) -> dict[str, Any]:
    judged = orjson.loads(row["judged"])
    wrong, why = None, ""
    if row["thumbs"] == -1:
        wrong, why = True, "thumbs_down"
    elif row["then_handed"] is not None:
        wrong, why = True, f"handed_over_afterwards:{row['then_handed']}"
    elif row["thumbs"] == 1:
        wrong, why = False, "thumbs_up"
    return {
        "turn_id": row["id"], "at": row["created_at"].isoformat(), "tier": judged["tier"], "wrong": wrong, "why": why,
        "score": judged["score"], "signals": {one["name"]: one["value"] for one in judged["signals"]},
    }  # fmt: skip
