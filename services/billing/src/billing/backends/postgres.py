"""Invoices in our own ledger in Postgres: rows of `repository` as the port's values."""

import asyncpg

from billing import repository
from billing.backends.port import Invoice, InvoiceLine
from contracts.money import Money
from contracts.tools.billing import InvoiceLookup
from servicekit.db.pool import Connection


class PostgresInvoices:
    """An `InvoicesBackend` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find_invoice(self, customer: str, lookup: InvoiceLookup) -> Invoice | None:
        """The customer's invoice, by its number or its order; None when they have no such invoice."""
        if lookup.invoice_number is not None:
            found = await repository.invoice_of(self._connection, customer, lookup.invoice_number)
        else:
            found = await repository.invoice_of_order(self._connection, customer, lookup.order_id or "")
        return await self._complete(found)

    async def invoice_by_number(self, number: str) -> Invoice | None:
        """Whoever's invoice that is; None when there is none."""
        return await self._complete(await repository.invoice_by_number(self._connection, number))

    async def _complete(self, row: asyncpg.Record | None) -> Invoice | None:
        if row is None:
            return None
        lines = await repository.lines_of(self._connection, row["number"])
        return Invoice(
            number=row["number"],
            order_id=row["order_id"],
            customer_id=row["customer_id"],
            issued_at=row["issued_at"],
            bill_to=tuple(row["bill_to"]),
            lines=tuple(
                InvoiceLine(line["sku"], line["description"], line["quantity"], _money(line["unit_price_minor"], row))
                for line in lines
            ),
            shipping=_money(row["shipping_minor"], row),
            tax_label=row["tax_label"],
            tax=_money(row["tax_minor"], row),
            total=_money(row["total_minor"], row),
            payment=row["payment"],
        )


def _money(amount_minor: int, row: asyncpg.Record) -> Money:
    return Money(amount_minor=amount_minor, currency=row["currency"])
