"""What billing keeps of people in their own words, and what stays of them."""

from collections.abc import Mapping

from servicekit.db.pool import Connection
from servicekit.sealing.people import People
from servicekit.sealing.subjects import SubjectKeys
from servicekit.sealing.tables import PersonalTable

#: Why a customer asked for a refund, and what staff noted when they denied it.
REFUNDS_SAID = PersonalTable(
    kind="refund", table="refunds", sealed=("reason", "note"), subject="customer_id", hashed=False,
    told=("order_id", "amount_minor", "currency", "state"),
)  # fmt: skip
_BOOKS = """
SELECT (SELECT count(*) FROM invoices WHERE customer_id = $1) AS invoice,
       (SELECT count(*) FROM charges WHERE customer_id = $1) AS charge,
       (SELECT count(*) FROM refunds WHERE customer_id = $1) AS refund
"""
_WHY = {
    "invoice": "invoices, with the customer's name and address, are business records that must be kept by law",
    "charge": "payments are business records that must be kept by law",
    "refund": "refunds stay in the books, with amount and order, without anybody's words",
}


def people_of(keys: SubjectKeys) -> People:
    """The people of billing."""
    return People(keys, (REFUNDS_SAID,), _kept)


async def _kept(db: Connection, subject: str) -> Mapping[str, str]:
    books = await db.fetchrow(_BOOKS, subject)
    return {kind: f"{books[kind]} {why}" for kind, why in _WHY.items() if books is not None and books[kind]}
