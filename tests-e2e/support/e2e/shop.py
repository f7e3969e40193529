"""A new customer who has paid for one order, and what became of the money."""

import secrets
from dataclasses import dataclass
from typing import Any

from e2e.facts import connected, rows
from e2e.machine import Machine
from e2e.people import stranger
from onebox.keys import Person

_CHARGE = (
    "INSERT INTO charges (id, order_id, customer_id, amount_minor, currency, method, captured_at)"
    " VALUES ($1, $2, $3, $4, 'USD', 'Visa ending in 4242', now() - interval '3 days')"
)
_REFUNDS = "SELECT id, state, amount_minor FROM refunds WHERE order_id = $1"
_GIVEN = (
    "SELECT l.amount_minor FROM ledger_refunds l JOIN refunds r ON r.id = l.refund_request_id WHERE r.order_id = $1"
)


@dataclass(frozen=True, slots=True)
class Paid:
    """The order, and whose it is."""

    billing: str
    person: Person
    order: str

    async def refunds(self) -> list[dict[str, Any]]:
        """Our refunds of the order."""
        return await rows(self.billing, _REFUNDS, self.order)

    async def given(self) -> list[int]:
        """What was really given back, in minor units."""
        return [row["amount_minor"] for row in await rows(self.billing, _GIVEN, self.order)]


async def paid_order(machine: Machine, amount_minor: int = 90_000, person: Person | None = None) -> Paid:
    """A new order that a customer has paid: a new one, unless it is said who."""
    billing, order, person = machine.database("billing"), f"AP{secrets.randbelow(10**8):08d}", person or stranger()
    async with connected(billing) as connection:
        await connection.execute(_CHARGE, f"ch_{order}", order, person.subject, amount_minor)
    return Paid(billing, person, order)
