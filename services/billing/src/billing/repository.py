"""The SQL of billing. Ownership is a condition of each statement that a customer's call reaches."""

import asyncpg

from servicekit.db.pool import Connection

_INVOICE = (
    "SELECT number, order_id, customer_id, currency, shipping_minor, tax_minor, tax_label, total_minor, bill_to, "
    "payment, issued_at FROM invoices "
)
_OF_CUSTOMER = _INVOICE + "WHERE customer_id = $1 AND number = $2"
_OF_ORDER = _INVOICE + "WHERE customer_id = $1 AND order_id = upper($2) ORDER BY issued_at DESC, number DESC LIMIT 1"
_BY_NUMBER = _INVOICE + "WHERE number = $1"
_LINES = """
SELECT sku, description, quantity, unit_price_minor FROM invoice_lines WHERE invoice_number = $1 ORDER BY line
"""


async def invoice_of(connection: Connection, customer: str, number: str) -> asyncpg.Record | None:
    """The customer's invoice with that number."""
    return await connection.fetchrow(_OF_CUSTOMER, customer, number)


async def invoice_of_order(connection: Connection, customer: str, order_id: str) -> asyncpg.Record | None:
    """The newest invoice of the customer's order, whose id may be in capitals or not."""
    return await connection.fetchrow(_OF_ORDER, customer, order_id)


async def invoice_by_number(connection: Connection, number: str) -> asyncpg.Record | None:
    """The invoice with that number, whoever's it is."""
    return await connection.fetchrow(_BY_NUMBER, number)


async def lines_of(connection: Connection, number: str) -> list[asyncpg.Record]:
    """The lines of an invoice, as they are printed."""
    return await connection.fetch(_LINES, number)
