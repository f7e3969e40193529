"""What another refund policy would have said of a refund, from billing's own rows of that moment.

The sums that caps look at are those that were really given back without staff in the 24 hours before. Checks of the
payment are those that its charge has now.
"""

from collections.abc import Sequence
from datetime import timedelta

from billing.refunds.policy import RefundFacts, RefundPolicy, decide
from contracts.money import Money
from servicekit.db.pool import Connection

_DAY = timedelta(hours=24)
_REFUNDS = (
    "SELECT r.id, r.amount_minor, r.currency, r.customer_id, r.created_at, c.captured_at, c.risk_flags"
    " FROM refunds r JOIN charges c ON c.id = r.charge_id WHERE r.id = ANY ($1)"
)
_BEFORE = (
    "SELECT coalesce(sum(amount_minor) FILTER (WHERE customer_id = $1), 0)::bigint AS to_customer,"
    " coalesce(sum(amount_minor), 0)::bigint AS by_shop FROM refunds WHERE created_at > $2 AND created_at < $3"
    " AND currency = $4 AND approvals = 0 AND state <> 'failed'"
)


async def approvals_under(db: Connection, policy: RefundPolicy, ids: Sequence[str]) -> dict[str, int]:
    """How many of staff each of these refunds would have needed; those that billing does not know are left out."""
    needed = {}
    for row in await db.fetch(_REFUNDS, list(ids)) if ids else ():
        at = row["created_at"]
        (before,) = await db.fetch(_BEFORE, row["customer_id"], at - _DAY, at, row["currency"])
        facts = RefundFacts(
            amount=Money(amount_minor=row["amount_minor"], currency=row["currency"]),
            age_days=(at - row["captured_at"]).days, risk_flags=frozenset(row["risk_flags"]),
            to_customer_minor=before["to_customer"], by_shop_minor=before["by_shop"],
        )  # fmt: skip
        needed[row["id"]] = decide(policy, facts).approvals
    return needed
