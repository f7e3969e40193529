"""What really happened, from the databases: every accepted turn ended once, every effect happened once."""

from collections import Counter

from deploy.customers import REFUNDED_MINOR, Customers
from e2e.audit import Books
from e2e.facts import rows
from e2e.soak import Soak

_GIVEN = (
    "SELECT r.order_id, l.amount_minor FROM ledger_refunds l JOIN refunds r ON r.id = l.refund_request_id"
    " WHERE r.order_id = ANY ($1)"
)


async def trouble(customers: Customers) -> list[str]:
    """Everything that does not add up, in words; at the end of a load, when all has settled."""
    databases = customers.cluster.databases
    others = [one for one in customers.held if one.wanted.kind != "refund"]
    refunds = [one for one in customers.held if one.wanted.kind == "refund"]
    books = Books(databases["orchestrator"], databases["tickets"], Soak(0, 0, 0, others))
    await books.settled(30)
    found = await books.trouble()
    given = Counter(
        (row["order_id"], row["amount_minor"]) for row in await rows(databases["billing"], _GIVEN, [*customers.paid])
    )
    for held in refunds:
        order = held.wanted.text.split()[2]
        times = {minor: count for (of, minor), count in given.items() if of == order}
        if times != {REFUNDED_MINOR: 1}:
            found.append(f"given back {times} of {order}: {held}")
    return found
