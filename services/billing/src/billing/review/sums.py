"""What was given back in a time, by currency."""

from datetime import datetime

from contracts.refund_rules import CurrencySums
from servicekit.db.pool import Connection

_SUMS = (
    "SELECT currency, count(*) FILTER (WHERE state = 'succeeded') AS given_back,"
    " coalesce(sum(amount_minor) FILTER (WHERE state = 'succeeded'), 0)::bigint AS amount,"
    " count(*) FILTER (WHERE state = 'succeeded' AND approvals > 0) AS by_staff,"
    " coalesce(sum(amount_minor) FILTER (WHERE state = 'succeeded' AND approvals > 0), 0)::bigint AS amount_by_staff,"
    " count(*) FILTER (WHERE state IN ('requested', 'confirmed', 'approved', 'submitted')) AS open,"
    " count(*) FILTER (WHERE state IN ('denied', 'expired', 'failed')) AS refused"
    " FROM refunds WHERE created_at >= $1 AND created_at < $2 GROUP BY currency ORDER BY currency"
)


async def sums_between(db: Connection, since: datetime, until: datetime) -> tuple[CurrencySums, ...]:
    """Refunds that were asked for from `since` until before `until`."""
    return tuple(CurrencySums(**row) for row in await db.fetch(_SUMS, since, until))
