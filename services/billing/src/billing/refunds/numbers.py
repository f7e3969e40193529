"""What the books say of refunds: above all that no money moved which somebody had yet to agree to."""

from contracts.tools.billing import RefundState
from servicekit.telemetry.numbers import Number

_SIZES = ("under_5000", "under_10000", "under_50000", "from_50000")
_SIZE = """
CASE WHEN amount_minor < 5000 THEN 'under_5000' WHEN amount_minor < 10000 THEN 'under_10000'
     WHEN amount_minor < 50000 THEN 'under_50000' ELSE 'from_50000' END
"""
# Asked of the tables that money is moved by, not of the code that moves it: a refund on its way without the event that
# says who agreed, one that staff had to agree to and policy approved, and money of the ledger that no refund explains.
# Both reach as far back as an index does.
_UNAPPROVED = """
SELECT (SELECT count(*) FROM refunds r WHERE r.created_at > now() - interval '30 days'
            AND r.state IN ('submitted', 'succeeded') AND NOT EXISTS (
            SELECT FROM refund_events e WHERE e.refund_request_id = r.id AND e.kind = 'approved'
            AND (r.approvals = 0 OR e.who <> 'policy')))
     + (SELECT count(*) FROM ledger_refunds l
            WHERE l.id > (SELECT max(id) - 10000 FROM ledger_refunds) AND NOT EXISTS (
            SELECT FROM refund_events e WHERE e.refund_request_id = l.refund_request_id AND e.kind = 'approved'))
"""

NUMBERS = (
    Number(
        "aiguy_refunds_without_approval", "Refunds that moved money and that nobody had approved; of the last 30 days.",
        _UNAPPROVED, shared=True,
    ),
    Number(
        "aiguy_day_refunds", "Refunds of the last 24 hours, by the state they are in, and by amount in minor units.",
        f"SELECT state, {_SIZE}, count(*) FROM refunds WHERE created_at > now() - interval '24 hours' GROUP BY 1, 2",  # noqa: S608 - constants
        ("state", "amount"), tuple((state.value, size) for state in RefundState for size in _SIZES), shared=True,
    ),
    Number(
        "aiguy_refunds_oldest_seconds", "For how long the oldest refund has been on its way to its provider.",
        "SELECT coalesce(extract(epoch FROM now() - min(updated_at)), 0) FROM refunds"
        " WHERE state IN ('approved', 'submitted')",
    ),
)  # fmt: skip
