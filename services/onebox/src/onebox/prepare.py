"""Brings every service's database up to date, then fills in the demo shop and its help pages.

One process does it for all services, to save start-up.

Reads `{"databases": {"<package>": "<url>", …}, "tickets_keys": "<file of master keys>"}` from standard input, because
arguments can be seen by other users.
"""

import asyncio
import importlib
import json
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from contracts.knowledge import Action
from retrieval.ingest import ingest_folder, starter_folder
from servicekit.crypto import Keyring
from servicekit.db.migrate import migrate
from servicekit.db.pool import Database
from servicekit.sealing.subjects import SubjectKeys
from tickets.seed import seed as seed_tickets

#: Services whose demo rows come from a `seed` module, and hold nobody's words.
SHOP = ("orders", "billing")


class PrepareError(Exception):
    """A starter article cannot be read. The message names it."""


def prepare(databases: dict[str, str], tickets_keys: str) -> None:
    """Migrate every package, then fill in the demo's rows and articles. Raises what a migration or a seed raises."""
    for package, url in databases.items():
        migrate(package, url)
        print(f"{package}: migrated", flush=True)
    asyncio.run(_fill(databases, SubjectKeys(Keyring.load(Path(tickets_keys)))))


async def _fill(databases: dict[str, str], keys: SubjectKeys) -> None:
    # Demo tickets hold words of people: sealed as they are written, so the search over resolved ones finds them.
    seeds = [_seed(package, databases[package], importlib.import_module(f"{package}.seed").seed) for package in SHOP]
    seeds.append(_seed("tickets", databases["tickets"], partial(seed_tickets, keys=keys)))
    await asyncio.gather(_ingest(databases["retrieval"]), *seeds)


async def _ingest(url: str) -> None:
    report = await ingest_folder(starter_folder(), database_url=url)
    for result in report.results:
        if result.action is Action.FAILED:
            raise PrepareError(f"{result.url}: {result.detail}")
    print(f"retrieval: {len(report.results)} articles", flush=True)


async def _seed(package: str, url: str, seed: Callable[[Database], Awaitable[None]]) -> None:
    database = await Database.connect(url, size=2)
    try:
        await seed(database)
    finally:
        await database.close()
    print(f"{package}: seeded", flush=True)


if __name__ == "__main__":
    prepare(**json.load(sys.stdin))
