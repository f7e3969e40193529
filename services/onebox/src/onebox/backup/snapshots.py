"""Every database at (nearly) one moment: a snapshot of each, held open while it is dumped and counted."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from onebox.audit import LEDGERS
from onebox.backup.database import opened
from onebox.backup.errors import BackupError
from onebox.backup.manifest import Dumped
from servicekit.chain import Report, verify_ledger
from servicekit.db.pool import Connection

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One database; `id` is what pg_dump takes. All that is asked over `connection` is of the same moment."""

    service: str
    url: str
    id: str
    connection: Connection


@asynccontextmanager
async def snapshots(urls: Mapping[str, str]) -> AsyncIterator[list[Snapshot]]:
    """A snapshot of each database, in the order of `urls`. Raises BackupError for one that is not there."""
    async with AsyncExitStack() as stack:
        # All connections first: between the snapshots there is one round trip each.
        there = {name: await stack.enter_async_context(opened(name, url)) for name, url in urls.items()}
        found = []
        for service, connection in there.items():
            await stack.enter_async_context(connection.transaction(isolation="repeatable_read", readonly=True))
            name = await connection.fetchval("SELECT pg_export_snapshot()")
            found.append(Snapshot(service, urls[service], name, connection))
        yield found


async def described(snapshot: Snapshot) -> Dumped:
    """What the manifest says of it. Raises BackupError for a database that was never migrated."""
    db = snapshot.connection
    if await db.fetchval("SELECT to_regclass('public.alembic_version')") is None:
        raise BackupError(f"the database of {snapshot.service} has no tables of ours")
    return Dumped(
        at=await db.fetchval("SELECT now()"),
        postgres=int(await db.fetchval("SHOW server_version_num")) // 10_000,
        migration=await db.fetchval("SELECT version_num FROM alembic_version"),
        rows=await rows_of(db),
    )


async def rows_of(db: Connection) -> dict[str, int]:
    """How many rows each table has."""
    tables = [row[0] for row in await db.fetch(_TABLES)]
    return {table: await db.fetchval(f'SELECT count(*) FROM "{table}"') for table in tables}  # noqa: S608 - the catalogue's names


async def chains_of(snapshot: Snapshot) -> dict[str, Report]:
    """The chains of the service by their name in checkpoints, verified."""
    return {
        f"{service} {ledger.name}": await verify_ledger(snapshot.connection, ledger)
        for service, ledger in LEDGERS
        if service == snapshot.service
    }
