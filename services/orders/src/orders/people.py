"""What orders keeps of people in their own words, and what stays of them."""

from collections.abc import Mapping

from servicekit.db.pool import Connection
from servicekit.sealing.people import People
from servicekit.sealing.subjects import SubjectKeys
from servicekit.sealing.tables import PersonalTable

ORDER_NOTES = PersonalTable(
    kind="order_note", table="order_notes", sealed=("note",), subject="customer_id", hashed=False, told=("order_id",),
    deleted=True,
)  # fmt: skip
_ORDERS = "SELECT count(*) FROM orders WHERE customer_id = $1"


def people_of(keys: SubjectKeys) -> People:
    """The people of orders."""
    return People(keys, (ORDER_NOTES,), _kept)


async def _kept(db: Connection, subject: str) -> Mapping[str, str]:
    orders = await db.fetchval(_ORDERS, subject)
    if not orders:
        return {}
    return {
        "order": f"{orders} orders are business records, which the law says must be kept; with them the customer's name"
    }
