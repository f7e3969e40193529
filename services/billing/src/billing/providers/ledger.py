"""Our own ledger as the provider: a row per refund. For shops whose money moves by other means, and for the demo."""

from datetime import datetime

import asyncpg

from billing.providers.port import GivenBack, ProviderError, ProviderRefund, ProviderState, RefundOrder
from contracts.money import Money
from servicekit.db.pool import Database
from servicekit.errors import ProblemError

_FIND = "SELECT id, charge_id, amount_minor, currency FROM ledger_refunds WHERE refund_request_id = $1"
# Without waiting for the disk: what the database server loses of it, it has lost of the refund's success too, and the
# reconciler orders it again.
_INSERT = """
WITH relaxed AS (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO ledger_refunds (refund_request_id, charge_id, amount_minor, currency) SELECT $1, $2, $3, $4 FROM relaxed
RETURNING id
"""
_REFUSED = {"RF002", asyncpg.exceptions.UniqueViolationError.sqlstate}


class LedgerProvider:
    """A `RefundProvider`; charges are our own rows. Its transactions are its own."""

    name = "ledger"

    def __init__(self, db: Database) -> None:
        self._db = db

    async def refund(self, order: RefundOrder) -> ProviderRefund:
        """Writes the row, once. Raises ProviderError(refused) beyond what was captured."""
        found = await self._write(order) or await self.find(order)
        if found is None:
            raise ProviderError("refused", "exceeds_charge")
        if found.amount != order.amount:
            raise ProviderError("refused", "id_used_for_another_amount")
        return found

    async def find(self, order: RefundOrder) -> ProviderRefund | None:
        """The row of this order."""
        try:
            async with self._db.primary() as connection:
                row = await connection.fetchrow(_FIND, order.refund_request_id)
        except ProblemError as error:
            raise ProviderError("unknown", retry_after_s=error.problem.retry_after_s) from error
        if row is None:
            return None
        amount = Money(amount_minor=row["amount_minor"], currency=row["currency"])
        return ProviderRefund(f"led_{row['id']}", ProviderState.SUCCEEDED, amount)

    async def given_since(self, since: datetime) -> list[GivenBack]:
        """None: whatever the books have lost, its rows were lost with them."""
        return []

    async def close(self) -> None:
        """Nothing is held: the pool is the service's."""

    async def _write(self, order: RefundOrder) -> ProviderRefund | None:
        """The new row; None when the same order was written before, or the charge has not that left."""
        values = (order.refund_request_id, order.charge, order.amount.amount_minor, order.amount.currency)
        try:
            async with self._db.transaction() as connection:
                number = await connection.fetchval(_INSERT, *values)
        except asyncpg.PostgresError as error:
            if error.sqlstate not in _REFUSED:
                raise
            return None
        except ProblemError as error:
            raise ProviderError("unknown", retry_after_s=error.problem.retry_after_s) from error
        return ProviderRefund(f"led_{number}", ProviderState.SUCCEEDED, order.amount)
