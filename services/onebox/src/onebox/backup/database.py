"""What a restore asks of a database, and how it is emptied."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from onebox.backup.errors import BackupError
from servicekit.db.errors import CONNECT_ERRORS
from servicekit.db.pool import Connection

_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
#: The schema gets the owner that a new database gives it, so that a later dump leaves it out again.
_EMPTY = "DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner"


@asynccontextmanager
async def opened(service: str, url: str) -> AsyncIterator[Connection]:
    """A connection to the database of a service. Raises BackupError when it is not there, or goes away."""
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except CONNECT_ERRORS as error:
        raise BackupError(f"the database of {service} cannot be reached ({type(error).__name__})") from error
    try:
        yield connection
    except CONNECT_ERRORS as error:
        raise BackupError(f"the database of {service} could not be used ({type(error).__name__}: {error})") from error
    finally:
        await connection.close()


async def in_use(db: Connection) -> int:
    """How many other connections there are."""
    return int(await db.fetchval(_OTHERS))


async def tables_in(db: Connection) -> int:
    """How many tables it has."""
    return int(await db.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))


async def empty(db: Connection) -> None:
    """Throws everything away."""
    async with db.transaction():
        await db.execute(_EMPTY)
