"""Brings every service's database up to date, then fills in the demo shop and its help pages.

One process does it for all services, to save start-up.

Reads `{"<package>": "<database url>", …}` from standard input, because arguments can be seen by other users.
"""

import asyncio
import importlib
import json
import sys

from retrieval.documents import Action
from retrieval.ingest import ingest_folder, starter_folder
from servicekit.db.migrate import migrate
from servicekit.db.pool import Database

#: Services whose demo rows come from a `seed` module.
SHOP = ("orders", "billing", "tickets")


class PrepareError(Exception):
    """A starter article cannot be read. The message names it."""


def prepare(databases: dict[str, str]) -> None:
    """Migrate every package, then fill in the demo's rows and articles. Raises what a migration or a seed raises."""
    for package, url in databases.items():
        migrate(package, url)
        print(f"{package}: migrated", flush=True)
    asyncio.run(_fill(databases))


async def _fill(databases: dict[str, str]) -> None:
    await asyncio.gather(_ingest(databases["retrieval"]), *(_seed(package, databases[package]) for package in SHOP))


async def _ingest(url: str) -> None:
    report = await ingest_folder(starter_folder(), database_url=url)
    for result in report.results:
        if result.action is Action.FAILED:
            raise PrepareError(f"{result.url}: {result.detail}")
    print(f"retrieval: {len(report.results)} articles", flush=True)


async def _seed(package: str, url: str) -> None:
    database = await Database.connect(url, size=2)
    try:
        await importlib.import_module(f"{package}.seed").seed(database)
    finally:
        await database.close()
    print(f"{package}: seeded", flush=True)


if __name__ == "__main__":
    prepare(json.load(sys.stdin))
