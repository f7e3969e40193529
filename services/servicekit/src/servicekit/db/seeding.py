"""Demo data: a JSON file per table, `<package>/seed_data/<table>.json`, written with upserts: it may be repeated.

A value such as `{"days": -3, "minutes": -90}` is a time: that far from midnight UTC of the day of seeding.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

import orjson

from servicekit.db.pool import Connection, Database
from servicekit.settings import ServiceSettings


async def seed_tables(db: Database, package: str, keys: Mapping[str, str], now: datetime) -> None:
    """Upserts the rows of each table in `keys` (table → its key columns, comma separated) in one transaction.

    Tables are written in the order of `keys`; a file's columns are those of its first row.
    """
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    async with db.transaction() as connection:
        for table, key in keys.items():
            text = files(package).joinpath("seed_data", f"{table}.json").read_text(encoding="utf-8")
            await _upsert(connection, table, key, [_with_times(row, day) for row in orjson.loads(text)])


def run_seed(settings: ServiceSettings, seed: Callable[[Database], Awaitable[None]]) -> None:
    """Runs `seed` against the database that the settings name: the body of `python -m orders.seed`."""

    async def connected() -> None:
        db = await Database.connect(settings.database_url, size=1)
        try:
            await seed(db)
        finally:
            await db.close()

    asyncio.run(connected())


def _with_times(row: dict[str, Any], day: datetime) -> dict[str, Any]:
    return {name: day + timedelta(**value) if isinstance(value, dict) else value for name, value in row.items()}


async def _upsert(connection: Connection, table: str, key: str, rows: list[dict[str, Any]]) -> None:
    columns = ", ".join(rows[0])
    updates = ", ".join(f"{column} = excluded.{column}" for column in rows[0])
    statement = (
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, $1) "  # noqa: S608
        f"ON CONFLICT ({key}) DO UPDATE SET {updates}"  # the names are our own, never a caller's
    )
    await connection.execute(statement, orjson.dumps(rows).decode())
