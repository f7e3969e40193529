"""Brings every service's database up to date, then fills in the demo shop: one process for all, to save start-up.

Reads `{"<package>": "<database url>", …}` from standard input, because arguments can be seen by other users.
"""

import asyncio
import importlib
import importlib.util
import json
import sys

from servicekit.db.migrate import migrate
from servicekit.db.pool import Database


def prepare(databases: dict[str, str]) -> None:
    """Migrate all, then seed those that have a `seed` module. Raises what a migration or a seed raises."""
    for package, url in databases.items():
        migrate(package, url)
        print(f"{package}: migrated", flush=True)
    asyncio.run(_seed_all(databases))


async def _seed_all(databases: dict[str, str]) -> None:
    await asyncio.gather(
        *(_seed(package, url) for package, url in databases.items() if importlib.util.find_spec(f"{package}.seed"))
    )


async def _seed(package: str, url: str) -> None:
    database = await Database.connect(url, size=2)
    try:
        await importlib.import_module(f"{package}.seed").seed(database)
    finally:
        await database.close()
    print(f"{package}: seeded", flush=True)


if __name__ == "__main__":
    prepare(json.load(sys.stdin))
