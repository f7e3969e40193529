"""The SQL of orders. Ownership is a condition of each statement, never a check afterwards."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from servicekit.db.pool import Connection

_COLUMNS = (
    "o.id, o.status, o.currency, o.total_minor, o.ship_city, o.ship_country, "
    "o.carrier, o.tracking_url, o.eta, o.placed_at, o.updated_at"
)
#: People write ABC-123 for ABC123. Where a customer has both, it is the one that is written so.
_BY_ID = f"""
SELECT {_COLUMNS} FROM orders o
WHERE o.customer_id = $1 AND replace(o.id, '-', '') = replace(upper($2), '-', '')
ORDER BY o.id = upper($2) DESC, o.placed_at DESC LIMIT 1
"""  # noqa: S608 - constants only
_NEWEST = f"""
SELECT {_COLUMNS} FROM customers c JOIN orders o ON o.customer_id = c.id
WHERE c.id = $1 AND lower(c.email) = lower($2)
ORDER BY o.placed_at DESC, o.id DESC LIMIT 1
"""  # noqa: S608 - constants only
#: An address that was proven: letters that only look alike, or become another in small ones, are others.
_IS_ADDRESS = 'lower(c.email) = lower($1) AND lower(c.email COLLATE "C") = lower($1 COLLATE "C")'
#: Of a guest who has proven an address.
_OF_ADDRESS = f"""
SELECT {_COLUMNS} FROM customers c JOIN orders o ON o.customer_id = c.id
WHERE {_IS_ADDRESS} AND ($2::text IS NULL OR o.id = upper($2))
ORDER BY o.placed_at DESC, o.id DESC LIMIT 1
"""  # noqa: S608 - constants only
_OWNED = "o.customer_id = $1"
_OWNED_BY_ADDRESS = f"o.customer_id IN (SELECT c.id FROM customers c WHERE {_IS_ADDRESS})"  # noqa: S608 - constants only
_LIST = f"SELECT {_COLUMNS} FROM orders o WHERE {{owned}} ORDER BY o.placed_at DESC, o.id DESC LIMIT $2"  # noqa: S608
_ITEMS = "SELECT sku, name, quantity, unit_price_minor FROM order_items WHERE order_id = $1 ORDER BY line"
_ITEMS_OF_LISTED = """
SELECT i.order_id, i.sku, i.name, i.quantity, i.unit_price_minor
FROM order_items i JOIN orders o ON o.id = i.order_id WHERE {owned} AND o.id = ANY($2) ORDER BY i.order_id, i.line
"""
_ADD_NOTE = """
INSERT INTO order_notes (id, order_id, customer_id, note, created_at, sealed)
SELECT $1, o.id, o.customer_id, $4, $5, true FROM orders o WHERE o.customer_id = $2 AND o.id = upper($3)
RETURNING order_id
"""
_NOTE_CHANGE = """
INSERT INTO order_changes AS known (system, order_ref, modified_at, told_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (system, order_ref) DO UPDATE SET modified_at = excluded.modified_at, told_at = excluded.told_at
WHERE known.modified_at < excluded.modified_at
RETURNING true
"""
#: The systems repeat a delivery for hours. One that is older changes nothing, by `order_changes`.
_NOTE_DELIVERY = """
WITH forgotten AS (DELETE FROM shop_deliveries WHERE told_at < $3::timestamptz - interval '7 days')
INSERT INTO shop_deliveries (system, delivery, told_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true
"""
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


async def order_by_id(connection: Connection, customer: str, order_id: str) -> asyncpg.Record | None:
    """The customer's order with that id, in capitals or not, with dashes or without."""
    return await connection.fetchrow(_BY_ID, customer, order_id)


async def newest_order(connection: Connection, customer: str, email: str) -> asyncpg.Record | None:
    """The customer's newest order; None as well when `email` is not the one we know them by."""
    return await connection.fetchrow(_NEWEST, customer, email)


async def order_of_address(connection: Connection, email: str, order_id: str | None) -> asyncpg.Record | None:
    """The order with that id, or the newest one, of the customer whom we know by this address."""
    return await connection.fetchrow(_OF_ADDRESS, email, order_id)


async def items_of(connection: Connection, order_id: str) -> list[asyncpg.Record]:
    """The lines of an order that was found to be the caller's, in the order in which they were bought."""
    return await connection.fetch(_ITEMS, order_id)


async def newest_orders(
    connection: Connection, owner: str, most: int, *, by_address: bool = False
) -> list[asyncpg.Record]:
    """The newest orders of a customer, or of whom we know by that address: at most so many, the newest first."""
    return await connection.fetch(_LIST.format(owned=_OWNED_BY_ADDRESS if by_address else _OWNED), owner, most)


async def items_of_listed(
    connection: Connection, owner: str, order_ids: Sequence[str], *, by_address: bool = False
) -> list[asyncpg.Record]:
    """The lines of those of the orders that are the owner's, each with its `order_id`."""
    owned = _OWNED_BY_ADDRESS if by_address else _OWNED
    return await connection.fetch(_ITEMS_OF_LISTED.format(owned=owned), owner, order_ids)


async def insert_note(
    connection: Connection, note_id: str, customer: str, order_id: str, note: bytes, at: datetime
) -> str | None:
    """Adds a sealed note to the customer's own order; gives the order's id as stored, None without one."""
    stored: str | None = await connection.fetchval(_ADD_NOTE, note_id, customer, order_id, note, at)
    return stored


async def note_change(connection: Connection, system: str, ref: str, modified_at: datetime, now: datetime) -> bool:
    """Remembers when an order of a shop system was last changed; False when that, or something newer, was known."""
    return bool(await connection.fetchval(_NOTE_CHANGE, system, ref, modified_at, now))


async def note_delivery(connection: Connection, system: str, delivery: str, now: datetime) -> bool:
    """Remembers a delivery of a shop system's webhook; False when it was there before."""
    return bool(await connection.fetchval(_NOTE_DELIVERY, system, delivery, now))


async def one_at_a_time(connection: Connection, key: str) -> None:
    """Waits until no other transaction holds this key; it is held until the transaction ends."""
    await connection.execute(_ONE_AT_A_TIME, key)
