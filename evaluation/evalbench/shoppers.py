"""The customer of one run: new each time, with orders of their own, so that no run knows of another."""

import secrets
from dataclasses import dataclass

from asyncpg import Connection

from e2e.facts import connected
from e2e.machine import Machine
from e2e.people import ADA, BEN, guest, stranger
from evalbench.case import Case, OwnOrder
from onebox.keys import KIM, Person

_CUSTOMER = "INSERT INTO customers (id, name, email) VALUES ($1, $2, $3)"
_ORDER = (
    "INSERT INTO orders (id, customer_id, status, currency, total_minor, ship_city, ship_country, carrier,"
    " tracking_url, eta, placed_at, updated_at) VALUES ($1, $2, $3, 'USD', $4, 'Montpelier', 'United States', $5, $6,"
    " now() + interval '2 days', now() - make_interval(days => $7), now() - interval '1 hour')"
    " ON CONFLICT (id) DO NOTHING RETURNING id"
)
_ITEM = (
    "INSERT INTO order_items (order_id, line, sku, name, quantity, unit_price_minor) VALUES ($1, 1, 'EVAL', $2, 1, $3)"
)
_CHARGE = (
    "INSERT INTO charges (id, order_id, customer_id, amount_minor, currency, method, captured_at)"
    " VALUES ($1, $2, $3, $4, 'USD', 'Visa ending in 4242', now() - make_interval(days => $5))"
)
_SENT = ("shipped", "delivered")


@dataclass(frozen=True, slots=True)
class Shopper:
    """Who writes, and the numbers of their orders."""

    person: Person
    orders: tuple[str, ...] = ()

    @property
    def places(self) -> dict[str, str]:
        """What stands for `{order}`, `{tail}` (what is shown of it), `{order2}`, `{tail2}` in a case."""
        found = {}
        for number, order in enumerate(self.orders, 1):
            suffix = "" if number == 1 else str(number)
            found |= {f"order{suffix}": order, f"tail{suffix}": order[-4:]}
        return found


async def shopper(machine: Machine, case: Case) -> Shopper:
    """Who the case is about. Ada and Ben are the demo shop's own; customers are made for this run."""
    match case.who:
        case "guest":
            return Shopper(guest())
        case "ada":
            return Shopper(ADA, ("ABC123", "1234"))
        case "ben":
            return Shopper(BEN, ("XYZ789", "5678"))
        case "staff":
            return Shopper(KIM)
        case "customer":
            return await _customer(machine, case.orders)


async def _customer(machine: Machine, orders: tuple[OwnOrder, ...]) -> Shopper:
    person = stranger()
    numbers: list[str] = []
    async with connected(machine.database("orders")) as shop, connected(machine.database("billing")) as billing:
        await shop.execute(_CUSTOMER, person.subject, person.name, person.email)
        for order in orders:
            number = await _ordered(shop, person, order)
            numbers.append(number)
            await shop.execute(_ITEM, number, order.item, order.total)
            if order.status != "pending_payment":
                await billing.execute(_CHARGE, f"ch_{number}", number, person.subject, order.total, order.paid_days_ago)
    return Shopper(person, tuple(numbers))


async def _ordered(shop: Connection, person: Person, order: OwnOrder) -> str:
    """A new order under a number that nobody has yet: of thousands of conversations two would draw the same one."""
    sent = order.status in _SENT
    tracking = f"https://parcelway.example/track/PW{secrets.randbelow(10**10):010d}" if sent else None
    while True:
        number: str | None = await shop.fetchval(
            _ORDER, f"QZ{secrets.randbelow(10**6):06d}", person.subject, order.status, order.total,
            "Parcelway" if sent else None, tracking, order.paid_days_ago + 1,
        )  # fmt: skip
        if number is not None:
            return number
