"""The books of billing after refunds under fire: each money effect stands in every one of them exactly once."""

from collections.abc import Collection, Iterator

from billing.refunds.verify import REFUNDS
from e2e.facts import Row, connected, rows
from servicekit.chain import verify_ledger

_ENTRIES = "(SELECT count(*) FROM audit a WHERE a.subject = r.customer_id AND a.outcome = 'ok' AND a.tool = '{tool}')"
_KEYS = (
    "(SELECT count(*) FROM idempotency i WHERE i.caller LIKE '%|' || r.customer_id AND i.status = 200"
    " AND i.route = '/tools/{tool}')"
)
_BOOKS = f"""
SELECT r.id, r.order_id, r.state, r.approvals, c.amount_minor AS captured,
    coalesce((SELECT sum(amount_minor) FROM refunds s WHERE s.charge_id = r.charge_id AND s.state = 'succeeded'), 0)
        AS given,
    (SELECT array_agg(kind ORDER BY seq) FROM refund_events e WHERE e.refund_request_id = r.id) AS events,
    {_ENTRIES.format(tool="issue_refund")} AS issued, {_KEYS.format(tool="issue_refund")} AS issue_keys,
    {_ENTRIES.format(tool="approve_refund")} AS approved, {_KEYS.format(tool="approve_refund")} AS approve_keys
FROM refunds r JOIN charges c ON c.id = r.charge_id WHERE r.order_id = ANY($1)
"""
_STEPS = ["requested", "confirmed", "approved", "submitted", "succeeded"]


async def wrong_in_books(billing_url: str, orders: Collection[str]) -> list[str]:
    """What does not add up for refunds of these orders, a line each; empty when all does."""
    found = [line for row in await rows(billing_url, _BOOKS, list(orders)) for line in _wrong(row)]
    async with connected(billing_url) as connection:
        report = await verify_ledger(connection, REFUNDS)
    return [*found, *(str(broken) for broken in report.breaks)]


def _wrong(row: Row) -> Iterator[str]:
    if row["given"] > row["captured"]:
        yield f"{row['order_id']}: more was given back than was paid"
    if row["events"] != _STEPS:
        yield f"{row['id']}: its events are {row['events']}"
    if (row["issued"], row["issue_keys"]) != (1, 1):
        yield f"{row['id']}: issued in {row['issued']} entries of the audit and {row['issue_keys']} keys"
    staff = 1 if row["approvals"] else 0
    if (row["approved"], row["approve_keys"]) != (staff, staff):
        yield f"{row['id']}: approved in {row['approved']} entries of the audit and {row['approve_keys']} keys"
