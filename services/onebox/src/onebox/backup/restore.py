"""Brings a backup back: everything is checked before anything is changed, and looked at again afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from onebox.audit import LEDGERS
from onebox.backup.database import empty, in_use, opened, tables_in
from onebox.backup.erasures import Erased, erased_in, read_erasures, since
from onebox.backup.errors import Refused
from onebox.backup.folder import newest_in, place_of
from onebox.backup.keys_archive import open_keys, write_keys
from onebox.backup.manifest import CHECKPOINT, KEYS, Manifest, binding, check_files, dump_of, read_manifest
from onebox.backup.programs import load
from onebox.backup.replay import replay
from onebox.backup.sealing import Opener
from onebox.backup.snapshots import rows_of
from onebox.keys import KeyFiles
from onebox.keys_command import table_of
from servicekit.chain import Heads
from servicekit.chain.checkpoint import CheckpointUnread, read_checkpoint
from servicekit.chain.command import lines_of, verify_at
from servicekit.crypto import Keyring
from servicekit.db.migrate import knows, migrate
from servicekit.db.pool import Connection
from servicekit.keyfiles import SEALING

#: Until it is done billing begins no refund: what was given back after the backup is asked of the provider first.
_SEARCH = "INSERT INTO refund_searches (since) VALUES ($1)"
_PROVIDERS_CLOCK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """A backup that is whole, opens, and that this code can bring back. `keys` are its key files, opened."""

    folder: Path
    manifest: Manifest
    opener: Opener
    keys: Mapping[str, bytes]
    checkpoint: Mapping[str, Heads]
    erasures: tuple[Erased, ...]


@dataclass(slots=True)
class Restored:
    """What came back, by service; and what is wrong with it, in sentences."""

    taken_at: datetime
    rows: dict[str, int] = field(default_factory=dict)
    erased_again: dict[str, int] = field(default_factory=dict)
    chains: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def plan_restore(folder: Path, opener: Opener, *, without_keys: bool = False) -> Plan:
    """Reads all of the backup `folder`, or of the newest one in it. Raises Refused with what is wrong; BackupError."""
    backup = newest_in(folder)
    manifest = read_manifest(backup)
    check_files(backup, manifest)
    newer = [f"{name} ({one.migration})" for name, one in manifest.services.items() if not knows(name, one.migration)]
    if newer:
        raise Refused(f"this code is older than the backup, whose migrations it does not know: {', '.join(newer)}")
    keys: Mapping[str, bytes] = {}
    if not without_keys:
        keys = _keys(backup, manifest, opener)
    for name in manifest.services:
        opener.check(backup / dump_of(name))
    try:
        checkpoint = read_checkpoint(backup / CHECKPOINT)
    except CheckpointUnread as error:
        raise Refused(f"the backup is damaged: {error}") from error
    return Plan(backup, manifest, opener, keys, checkpoint, tuple(read_erasures(place_of(backup))))


def check_keys(plan: Plan, folder: Path) -> None:
    """Raises Refused when other keys than those of the backup are in `folder`."""
    other = [
        name for name, value in plan.keys.items() if (folder / name).exists() and (folder / name).read_bytes() != value
    ]
    if other:
        raise Refused(f"{folder} has other keys: {', '.join(other)} (--replace overwrites them)")


async def carry_out(plan: Plan, urls: Mapping[str, str], keys: Path, *, replace: bool) -> Restored:
    """Restores into the databases of `urls` and puts the keys into the folder `keys`.

    Raises Refused, before anything was changed, for a database that is in use or, unless `replace`, has tables; and
    BackupError when it breaks off, which is mended by doing it again with `replace`.
    """
    if missing := sorted(plan.manifest.services.keys() - urls.keys()):
        raise Refused(f"nobody says where these databases of the backup are to go: {', '.join(missing)}")
    if not replace:
        check_keys(plan, keys)
    for service in plan.manifest.services:
        await _may_be_replaced(service, urls[service], replace=replace)
    write_keys(plan.keys, keys)
    restored = Restored(
        plan.manifest.taken_at, wrong=[f"{one}: broken already in the backup" for one in plan.manifest.broken]
    )
    for service in plan.manifest.services:
        await _one(plan, service, urls[service], KeyFiles(keys), restored)
    return restored


def _keys(backup: Path, manifest: Manifest, opener: Opener) -> Mapping[str, bytes]:
    if KEYS not in manifest.files:
        raise Refused("the backup holds no keys: without those of its time nothing sealed can be read (--without-keys)")
    return open_keys(backup / KEYS, opener, binding(manifest))


async def _may_be_replaced(service: str, url: str, *, replace: bool) -> None:
    async with opened(service, url) as db:
        if others := await in_use(db):
            raise Refused(f"the database of {service} is in use by {others} connections: stop what runs first")
        if not replace and (tables := await tables_in(db)):
            raise Refused(f"the database of {service} has {tables} tables already (--replace throws them away)")


async def _one(plan: Plan, service: str, url: str, files: KeyFiles, restored: Restored) -> None:
    async with opened(service, url) as db:
        await empty(db)
    await load(url, plan.folder / dump_of(service), plan.opener)
    async with opened(service, url) as db:
        rows = await rows_of(db)
        known = await erased_in(db, service)
    restored.rows[service] = sum(rows.values())
    wanted = plan.manifest.services[service].rows
    restored.wrong += [
        f"{service}: the table {table} has {rows.get(table, 0):,} rows instead of {wanted.get(table, 0):,}"
        for table in sorted(rows.keys() | wanted.keys()) if rows.get(table) != wanted.get(table)
    ]  # fmt: skip
    migrate(service, url)
    async with opened(service, url) as db:
        ring = await _ring(db, service, files, restored)
        late = since(plan.erasures, service, plan.manifest.services[service].at, known)
        if service == "billing":
            await db.execute(_SEARCH, plan.manifest.services[service].at - _PROVIDERS_CLOCK)
        restored.erased_again[service] = await replay(db, service, late, ring)
    await _chains(plan, service, url, restored)


async def _ring(db: Connection, service: str, files: KeyFiles, restored: Restored) -> Keyring | None:
    """The service's master keys, which must open what came back."""
    if service not in SEALING:
        return None
    table = table_of(service)
    query = f"SELECT DISTINCT {table.key_id} FROM {table.table} WHERE {table.wrapped} IS NOT NULL"  # noqa: S608 - names of our own
    used = {row[0] for row in await db.fetch(query)}
    try:
        ring = Keyring.load(files.master(service))
    except (OSError, ValueError) as error:
        restored.wrong.append(
            f"{service}: its master keys cannot be read ({type(error).__name__}): nothing sealed opens"
        )
        return None
    if lost := sorted(used - set(ring.names)):
        restored.wrong.append(
            f"{service}: the master keys {', '.join(lost)} are missing: what is under them stays shut"
        )
    return ring


async def _chains(plan: Plan, service: str, url: str, restored: Restored) -> None:
    for owner, ledger in LEDGERS:
        if owner == service:
            name = f"{service} {ledger.name}"
            report = await verify_at(url, ledger, plan.checkpoint.get(name, {}))
            *breaks, last = lines_of(name, report)
            restored.chains.append(last)
            restored.wrong += breaks
