"""After a restore of the database: refunds that the provider has made and our books have lost are found again.

A restore leaves a row in `refund_searches`. While it is open no refund is begun; the reconciler asks each provider for
what was made under ids of ours since then, and takes what the books do not have out of what is left of its charge. A
further refund of such a charge is approved by staff (`refund_found` in the policy): it may be the lost one asked again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.providers.port import GivenBack, ProviderError, RefundProvider
from billing.refunds.counting import count_alert
from servicekit.context import Kit
from servicekit.db.pool import Connection
from servicekit.logging import get_logger

FLAG = "refund_found"
_PAUSE = timedelta(seconds=30)
_OPEN = "SELECT EXISTS (SELECT FROM refund_searches WHERE done_at IS NULL)"
# Taken by moving the time of the next try, as refunds are.
_TAKE = """
UPDATE refund_searches SET check_at = $2 WHERE id IN (
    SELECT id FROM refund_searches WHERE done_at IS NULL AND check_at <= $1 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, since
"""
_NEEDED = "SELECT provider FROM refunds UNION SELECT provider FROM charges WHERE provider IS NOT NULL"
_DONE = "UPDATE refund_searches SET done_at = $2 WHERE id = $1"
_KNOWN = "SELECT EXISTS (SELECT FROM refunds WHERE id = $1)"
_CHARGE = "SELECT id FROM charges WHERE coalesce(provider_charge, id) = ANY ($1) ORDER BY id LIMIT 1 FOR UPDATE"
_KEEP = """
INSERT INTO refunds_found (refund_request_id, provider, provider_refund, charge_id, amount_minor, currency, found_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING 1
"""
_TAKE_OUT = """
UPDATE charges SET refunded_before_minor = least(amount_minor, refunded_before_minor + $2),
    risk_flags = CASE WHEN $3 = ANY (risk_flags) THEN risk_flags ELSE risk_flags || $3 END
WHERE id = $1
"""


@dataclass(frozen=True, slots=True)
class Search:
    """One that is open."""

    id: int
    since: datetime


async def searching(db: Connection) -> bool:
    """Whether the books may lack refunds."""
    return bool(await db.fetchval(_OPEN))


async def search_lost(kit: Kit, providers: Sequence[RefundProvider]) -> int:
    """Works at an open search; how many refunds were found.

    Raises ProviderError; it is tried again half a minute later. That a provider of the books is not set up is one too.
    """
    now = kit.clock.now()
    async with kit.db.primary() as connection:
        row = await connection.fetchrow(_TAKE, now, now + _PAUSE)
        needed = {one[0] for one in await connection.fetch(_NEEDED)} if row is not None else set()
    if row is None:
        return 0
    if missing := needed - {one.name for one in providers}:
        raise ProviderError("misconfigured", f"provider_missing: {', '.join(sorted(missing))}")
    search = Search(row["id"], row["since"])
    given = [(one.name, found) for one in providers for found in await one.given_since(search.since)]
    async with kit.db.transaction() as connection:
        lost = [one for provider, one in given if await _take_over(connection, provider, one, now)]
        await connection.execute(_DONE, search.id, now)
    for one in lost:
        get_logger().error("lost_refund_found", refund_request_id=one.refund_request_id, amount=str(one.refund.amount))
        count_alert(kit, "lost")
    get_logger().info("lost_refunds_searched", since=search.since.isoformat(), found=len(lost))
    return len(lost)


async def _take_over(db: Connection, provider: str, one: GivenBack, now: datetime) -> bool:
    """Whether the books did not have it."""
    if await db.fetchval(_KNOWN, one.refund_request_id):
        return False
    amount, charge = one.refund.amount, await db.fetchval(_CHARGE, list(one.charges))
    values = (
        one.refund_request_id,
        provider,
        one.refund.provider_id,
        charge,
        amount.amount_minor,
        amount.currency,
        now,
    )
    if not await db.fetchval(_KEEP, *values):
        return False
    if charge is not None:
        await db.execute(_TAKE_OUT, charge, amount.amount_minor, FLAG)
    return True
