"""Looks after refunds that nobody came back to: carries on what was cut off, and ends what staff never decided."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from billing.providers.port import ProviderError
from billing.refunds import store
from billing.refunds.counting import count_event, count_reconciled, show_pending
from billing.refunds.desk import RefundDesk, order_for
from billing.refunds.events import Expired
from billing.refunds.lost import search_lost
from billing.refunds.model import Charge, Refund
from billing.refunds.settle import settle
from contracts.tools.billing import RefundState
from servicekit.background import sweeping
from servicekit.context import Kit
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

#: So many are looked at in one pass, all at once: fewer than there are connections to the database.
_BATCH = 8
# Taken by moving the time of the next look: what breaks in between is looked at again, later and later, at most every
# quarter of an hour; by chance a little earlier or later, so that those of one outage do not all come back at once.
_TAKE = """
UPDATE refunds SET attempts = attempts + 1,
    check_at = $1 + least(900, 5 * 2 ^ least(attempts, 10)) * (0.75 + random() / 2) * interval '1 second'
WHERE id IN (SELECT id FROM refunds WHERE state IN ('approved', 'submitted') AND check_at <= $1
             ORDER BY check_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id
"""
_OVERDUE = """
SELECT id FROM refunds WHERE state = 'confirmed' AND check_at <= $1 ORDER BY check_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_PENDING = "SELECT state, count(*) FROM refunds WHERE state IN ('confirmed', 'approved', 'submitted') GROUP BY state"


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Several may run at once, one per replica: each takes other refunds."""

    desk: RefundDesk
    kit: Kit

    @asynccontextmanager
    async def running(self, every_s: float) -> AsyncIterator[None]:
        """Sweeps about every `every_s` seconds around the app's life; not at all when that is 0."""
        async with sweeping("refunds", every_s, _BATCH, self.sweep):
            yield

    async def sweep(self) -> int:
        """One pass; how many refunds were looked at. Raises ProblemError when the database is down."""
        await self._search()
        async with self.kit.db.primary() as connection:
            taken = [row["id"] for row in await connection.fetch(_TAKE, self.kit.clock.now(), _BATCH)]
        for outcome in await asyncio.gather(*(self._carry_on(refund_id) for refund_id in taken)):
            count_reconciled(self.kit, outcome)
        expired = 0
        while expired < _BATCH and await self._expire_one():
            expired += 1
        async with self.kit.db.primary() as connection:
            counts = {row["state"]: row["count"] for row in await connection.fetch(_PENDING)}
        states = (RefundState.CONFIRMED, RefundState.APPROVED, RefundState.SUBMITTED)
        show_pending(self.kit, {state: counts.get(state.value, 0) for state in states})
        return len(taken) + expired

    async def _search(self) -> None:
        try:
            await search_lost(self.kit, self.desk.providers.opened_ones())
        except ProviderError as error:
            get_logger().error("lost_refunds_not_searched", kind=error.kind, reason=error.reason)

    async def _carry_on(self, refund_id: str) -> str:
        """Settles one refund by what its provider knows; the outcome for the metric. One that breaks stops no other."""
        try:
            return await self._settle(refund_id)
        except ProblemError as error:
            return error.code.value
        except Exception:  # noqa: BLE001 - whatever it was, the others go on
            get_logger().exception("refund_not_reconciled", refund_request_id=refund_id)
            return "broke"

    async def _settle(self, refund_id: str) -> str:
        async with self.kit.db.primary() as connection:
            refund = await store.find(connection, refund_id)
            if refund is None:
                return "gone"
            charge = await store.charge_of(connection, refund)
        try:
            if refund.state is RefundState.SUBMITTED and await self._ask(refund, charge):
                return "found"
            await self.desk.carry_out(self.kit, refund_id)
        except ProviderError as error:
            await self.desk.take_error(self.kit, refund, charge, error)
            return error.kind
        return "carried_on"

    async def _ask(self, refund: Refund, charge: Charge) -> bool:
        """Whether the provider knows the refund; what it says is kept."""
        found = await self.desk.providers.named(refund.provider).find(order_for(refund, charge))
        if found is None:
            return False
        await settle(self.kit, refund.id, found)
        return True

    async def _expire_one(self) -> bool:
        """Ends the refund that has waited longest for staff; one by one: two never wait for each other's chains."""
        now = self.kit.clock.now()
        async with self.kit.db.transaction() as connection:
            refund_id = await connection.fetchval(_OVERDUE, now)
            if refund_id is None:
                return False
            await store.append(connection, refund_id, RefundState.CONFIRMED, Expired(), who="billing", at=now)
        count_event(self.kit, RefundState.EXPIRED)
        return True
