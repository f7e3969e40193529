"""The customers of the measurement: rows in the shop, and tokens as its own sign-in would issue them."""

import asyncpg

from onebox.keys import KeyFiles, Person
from servicekit.auth.claims import Role
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.keyfiles import ORCHESTRATOR

CUSTOMERS = 64
ORDERS = 20_000
_CUSTOMERS = """
INSERT INTO customers (id, name, email)
SELECT 'cust_bench' || lpad(n::text, 2, '0'), 'Customer ' || n, 'customer' || n || '@bench.example'
FROM generate_series(0, $1::int - 1) n ON CONFLICT DO NOTHING
"""
_ORDERS = """
INSERT INTO orders (id, customer_id, status, currency, total_minor, ship_city, ship_country, carrier, tracking_url,
                    eta, placed_at, updated_at)
SELECT 'BN' || lpad(n::text, 6, '0'), 'cust_bench' || lpad((n % $1::int)::text, 2, '0'), 'shipped', 'USD', 18400,
       'Portland', 'US', 'Parcelway', 'https://parcelway.example/track/PW' || n, now() + interval '2 days',
       now() - interval '3 days', now() - interval '1 day'
FROM generate_series(0, $2::int - 1) n ON CONFLICT DO NOTHING
"""


def customer_of(number: int) -> Person:
    """Whose order turn `number` asks for."""
    which = number % CUSTOMERS
    return Person(f"cust_bench{which:02d}", Role.CUSTOMER, f"Customer {which}", f"customer{which}@bench.example")


def tokens(keys: KeyFiles) -> list[str]:
    """A fresh token per customer, good for five minutes."""
    return [keys.demo_token(customer_of(number)) for number in range(CUSTOMERS)]


def tool_tokens(keys: KeyFiles) -> list[str]:
    """What the orchestrator signs for a call of the tool, per customer, good for a minute."""
    minter = TokenMinter(KeySet.load(keys.signing), ORCHESTRATOR, SystemClock())
    return [
        minter.mint(
            audience="orders", subject=person.subject, role=person.role, scopes=("orders.read_own",),
            actor=ORCHESTRATOR, conversation_id="cnv_bench", turn_id="trn_bench", email=person.email, name=person.name,
        )
        for person in map(customer_of, range(CUSTOMERS))
    ]  # fmt: skip


async def add_customers(database_url: str) -> None:
    """Puts customers with orders into the shop, one order per turn to come."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(_CUSTOMERS, CUSTOMERS)
        await connection.execute(_ORDERS, CUSTOMERS, ORDERS)
        await connection.execute("ANALYZE customers, orders")
    finally:
        await connection.close()
