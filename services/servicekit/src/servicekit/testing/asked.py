"""What new connections to Postgres are asked: the driver asks a new one for types that it does not know."""

import asyncio

from servicekit.db.pool import Database

#: In the statement with which the driver asks for types.
TYPES_ASKED = "typeinfo"


async def watched_anew(db: Database) -> list[str]:
    """Makes all connections of the primary pool anew; the list of what they are asked from now on."""
    asked: list[str] = []
    pool = db.pool
    await pool.expire_connections()
    every = await asyncio.gather(*(pool.acquire() for _ in range(pool.get_max_size())))
    for connection in every:
        connection.add_query_logger(lambda told: asked.append(told.query))
        await pool.release(connection)
    return asked
