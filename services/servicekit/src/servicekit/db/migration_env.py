"""What a service's alembic environment needs. `migrations/env.py` is two lines:

from servicekit.db.migration_env import run
run()
"""

import asyncio
from pathlib import Path

from alembic import context, op
from sqlalchemy import Connection, pool, text, util
from sqlalchemy.ext.asyncio import create_async_engine

_LOCK = 7_214_501
_SQL = Path(__file__).parent / "sql"


def run() -> None:
    """Runs the migrations in one transaction; starters that come at the same time wait for each other."""
    asyncio.run(_run(context.config.attributes["url"]))


async def _run(url: str) -> None:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


def execute_sql(beside: str, name: str) -> None:
    """Executes the SQL file `name`, of any number of statements, beside the migration `beside` (its `__file__`)."""
    _execute((Path(beside).parent / name).read_text(encoding="utf-8"))


def execute_kit_sql(name: str) -> None:
    """Executes one of the kit's own files: `idempotency.sql`, `audit.sql`."""
    _execute((_SQL / name).read_text(encoding="utf-8"))


def _execute(sql: str) -> None:
    # SQLAlchemy prepares each statement, and a prepared one cannot hold many; the driver's own execute can.
    # The lock above has opened the transaction, so all of it is undone together.
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("migrations run online only")
    util.await_only(driver.execute(sql))
