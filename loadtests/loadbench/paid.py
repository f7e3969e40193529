"""What the customers of the load tests have paid for their orders: without it there is nothing to refund."""

import asyncpg

from turnbench.customers import CUSTOMERS, ORDERS

_CHARGES = """
INSERT INTO charges (id, order_id, customer_id, amount_minor, currency, method, captured_at)
SELECT 'ch_BN' || lpad(n::text, 6, '0'), 'BN' || lpad(n::text, 6, '0'),
       'cust_bench' || lpad((n % $1::int)::text, 2, '0'), 18400, 'USD', 'Visa ending in 4242', now() - interval '3 days'
FROM generate_series(0, $2::int - 1) n ON CONFLICT DO NOTHING
"""


async def add_charges(database_url: str) -> None:
    """Every order of the measurement's customers is paid."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(_CHARGES, CUSTOMERS, ORDERS)
        await connection.execute("ANALYZE charges")
    finally:
        await connection.close()
