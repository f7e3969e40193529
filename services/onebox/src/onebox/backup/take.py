"""Takes a backup of databases that go on being used."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from onebox.backup.erasures import keep_erasures
from onebox.backup.folder import Keep, alone_in, begin, drop_old, finish, tell_time
from onebox.backup.keys_archive import read_keys, seal_keys
from onebox.backup.manifest import (
    CHECKPOINT,
    FORMAT,
    KEYS,
    MANIFEST,
    Dumped,
    Manifest,
    binding,
    dump_of,
    read_manifest,
    stored,
    write_manifest,
)
from onebox.backup.programs import dump
from onebox.backup.sealing import Sealer
from onebox.backup.snapshots import chains_of, described, snapshots
from onebox.stack import SERVICES
from servicekit.chain import Report
from servicekit.chain.checkpoint import write_checkpoint


@dataclass(frozen=True, slots=True)
class Taken:
    """A finished backup, and the older ones that were deleted."""

    folder: Path
    manifest: Manifest
    gone: tuple[Path, ...]


async def take_backup(
    folder: Path, urls: Mapping[str, str], keys: Path | None, sealer: Sealer, keep: Keep | None = None
) -> Taken:
    """A new backup in `folder` of the databases of `urls` (service to URL) and the key files of the folder `keys`.

    Raises BackupError, and then there is none. Older ones are deleted down to `keep`, unless a chain did not hold: the
    last good one must not go for a bad one.
    """
    with alone_in(folder):
        files = read_keys(keys) if keys else {}
        partial = begin(folder)
        dumped, reports = await _dumped(partial, folder, urls, sealer)
        broken = tuple(name for name, report in reports.items() if not report.ok)
        write_checkpoint(partial / CHECKPOINT, {name: report.heads for name, report in reports.items()})
        manifest = _manifest(partial, dumped, broken)
        if files:
            (partial / KEYS).write_bytes(seal_keys(files, sealer, binding(manifest)))
            manifest = _manifest(partial, dumped, broken)
        write_manifest(partial, manifest)
        finished = finish(partial)
        tell_time(folder, time.time())
        gone = drop_old(folder, keep) if keep is not None and not broken else []
    return Taken(finished, read_manifest(finished), tuple(gone))


async def _dumped(
    partial: Path, folder: Path, urls: Mapping[str, str], sealer: Sealer
) -> tuple[dict[str, Dumped], dict[str, Report]]:
    dumped: dict[str, Dumped] = {}
    reports: dict[str, Report] = {}
    # The journal first: a tool's own record may then be ahead of it, which a repeated call finds, and never behind.
    async with snapshots({name: urls[name] for name in SERVICES if name in urls}) as opened:
        for one in opened:
            dumped[one.service] = await described(one)
            reports |= await chains_of(one)
            await dump(one.url, one.id, partial / dump_of(one.service), sealer)
            await keep_erasures(one.connection, one.service, folder)
    return dumped, reports


def _manifest(partial: Path, dumped: Mapping[str, Dumped], broken: tuple[str, ...]) -> Manifest:
    files = {one.name: stored(one) for one in sorted(partial.iterdir()) if one.name != MANIFEST}
    return Manifest(FORMAT, version("aiguy-onebox"), dumped, files, broken)
