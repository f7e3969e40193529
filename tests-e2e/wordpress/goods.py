"""Orders of the people of the tests' WordPress, in the databases of the shop behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

from e2e.facts import connected
from e2e.machine import Machine

from .site import email_of

_CUSTOMER = "INSERT INTO customers (id, name, email) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING"
_ORDER = """
    INSERT INTO orders (id, customer_id, status, currency, total_minor, ship_city, ship_country, carrier, tracking_url,
        eta, placed_at, updated_at)
    SELECT $1, $2, status, currency, $3, ship_city, ship_country, carrier, tracking_url, eta, placed_at, updated_at
    FROM orders WHERE id = 'ABC123'
"""
_ITEM = "INSERT INTO order_items (order_id, line, sku, name, quantity, unit_price_minor) VALUES ($1, 1, $2, $3, 1, $4)"
_CHARGE = """
    INSERT INTO charges (id, order_id, customer_id, amount_minor, currency, method, captured_at)
    VALUES ($1, $2, $3, $4, 'USD', 'Visa ending in 4242', now() - interval '3 days')
"""


@dataclass(frozen=True, slots=True)
class Order:
    """One order on its way, and paid: prices in minor units of USD."""

    number: str
    item: str
    price_minor: int


#: What Ada and Ben have bought.
ADAS = (Order("WPA101", "Hearth LED lantern", 4500), Order("WPA102", "Ridgeline tent, 3 persons", 90_000))
BENS = (Order("WPB201", "Teak garden bench", 34_900),)


async def sell(machine: Machine, subject: str, login: str, orders: Sequence[Order]) -> None:
    """Make somebody a customer of the shop, with these orders, sent and paid."""
    async with connected(machine.database("orders")) as shop, connected(machine.database("billing")) as books:
        await shop.execute(_CUSTOMER, subject, login, email_of(login))
        for order in orders:
            await shop.execute(_ORDER, order.number, subject, order.price_minor)
            await shop.execute(_ITEM, order.number, f"SKU-{order.number}", order.item, order.price_minor)
            await books.execute(_CHARGE, f"ch_{order.number}", order.number, subject, order.price_minor)
