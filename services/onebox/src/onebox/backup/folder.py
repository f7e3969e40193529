"""The folder that backups are kept in: a folder for each, named after its time; what is unfinished has another name."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from onebox.backup.errors import BackupError, Refused
from onebox.backup.manifest import MANIFEST
from servicekit.embedded import EmbeddedError
from servicekit.embedded.files import DirectoryLock, write_private

_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z")
METRICS = "aiguy_backup.prom"
_PARTIAL = ".partial-"
_TIME = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class Keep:
    """Which backups stay: so many of the newest; and the newest of each of so many of the last weeks that have one."""

    newest: int
    weeks: int = 0


def backups_in(folder: Path) -> list[Path]:
    """The finished backups, oldest first."""
    return sorted(one for one in folder.glob("*") if _NAME.fullmatch(one.name) and one.is_dir())


def newest_in(folder: Path) -> Path:
    """`folder` itself when it is a backup, else the newest one in it. Raises Refused."""
    if (folder / MANIFEST).exists():
        return folder
    found = backups_in(folder)
    if not found:
        raise Refused(f"there is no finished backup in {folder}")
    return found[-1]


def place_of(backup: Path) -> Path:
    """The folder that a backup is kept in."""
    return backup.resolve().parent


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Nobody else makes a backup there until the end of the block. Raises BackupError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = DirectoryLock(folder / ".lock")
        lock.acquire()
    except EmbeddedError as error:
        raise Refused(f"another backup is being made in {folder}") from error
    except OSError as error:
        raise BackupError(f"{folder} cannot be written to ({error.strerror})") from error
    try:
        yield
    finally:
        lock.release()


def begin(folder: Path) -> Path:
    """A folder for a new backup, which is none until `finish`. What was left unfinished earlier is deleted."""
    for left in folder.glob(f"{_PARTIAL}*"):
        shutil.rmtree(left)
    made = folder / f"{_PARTIAL}{datetime.now(UTC):{_TIME}}"
    made.mkdir(mode=0o700)
    return made


def finish(partial: Path) -> Path:
    """Makes it a backup, all at once, after its files have reached the disk."""
    for file in partial.iterdir():
        file.chmod(0o600)
        _flush(file)
    _flush(partial)
    finished = partial.with_name(partial.name.removeprefix(_PARTIAL))
    partial.rename(finished)
    _flush(finished.parent)
    return finished


def tell_time(folder: Path, now: float) -> None:
    """Writes when the newest backup came to its end (Unix seconds), as a file for Prometheus's node exporter."""
    write_private(folder / METRICS, f"aiguy_backup_completed_timestamp_seconds {now:.0f}\n")


def drop_old(folder: Path, keep: Keep) -> list[Path]:
    """Deletes the backups that need not stay; which ones. Weeks begin on Mondays, in UTC."""
    found = backups_in(folder)
    of_week = {datetime.strptime(one.name, _TIME).replace(tzinfo=UTC).isocalendar()[:2]: one for one in found}
    stay = {*found[-keep.newest :], *(list(of_week.values())[-keep.weeks :] if keep.weeks else ())}
    gone = [one for one in found if one not in stay]
    for one in gone:
        # First it stops being a backup: what is deleted half is not taken for one.
        hidden = one.rename(one.with_name(f"{_PARTIAL}{one.name}"))
        shutil.rmtree(hidden)
    return gone


def _flush(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
