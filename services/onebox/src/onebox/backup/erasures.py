"""The list of who was erased, kept beside the backups: a restore of an older backup erases them again.

It names nobody: conversations stand in it by their id, persons by the digest that the audit record has of them, which
only the keys of the installation can be tried against.
"""

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from onebox.backup.errors import BackupError
from onebox.ports import ORCHESTRATOR
from servicekit.db.pool import Connection

ERASURES = "erasures.jsonl"
#: An erasure that was under way while the backup was taken may have an earlier time than the backup and not be in it.
_UNDER_WAY = timedelta(minutes=10)
_CONVERSATIONS = "SELECT id, erased_at FROM conversations WHERE erased_at IS NOT NULL ORDER BY erased_at"
_PERSONS = "SELECT at, request_id, entry FROM audit WHERE tool = 'privacy_erase' AND outcome = 'ok' ORDER BY at"


@dataclass(frozen=True, slots=True)
class Erased:
    """One erasure of a service. `whom`: a conversation's id, or a person's digest; `request`: which call did it."""

    service: str
    whom: str
    at: datetime
    request: str = ""
    issuer: str = ""


async def keep_erasures(db: Connection, service: str, folder: Path) -> int:
    """Adds what the service's database has erased to the list in `folder`; how many are new. Raises BackupError."""
    known = set(read_erasures(folder))
    new = [one for one in await erased_in(db, service) if one not in known]
    if new:
        _append(folder / ERASURES, new)
    return len(new)


async def erased_in(db: Connection, service: str) -> list[Erased]:
    """Every erasure that the service's database knows of. A service without people has none."""
    if service == ORCHESTRATOR:
        return [Erased(service, row["id"], row["erased_at"]) for row in await db.fetch(_CONVERSATIONS)]
    found = []
    for row in await db.fetch(_PERSONS):
        entry = orjson.loads(row["entry"])
        found.append(Erased(service, entry["arguments_digest"], row["at"], row["request_id"], entry["issuer"]))
    return found


def read_erasures(folder: Path) -> list[Erased]:
    """The list; empty when there is none yet. Raises BackupError."""
    try:
        lines = (folder / ERASURES).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BackupError(f"{folder / ERASURES} cannot be read ({error.strerror})") from error
    return [one for line in lines if (one := _read(line)) is not None]


def since(erasures: Iterable[Erased], service: str, taken_at: datetime, known: Iterable[Erased]) -> list[Erased]:
    """Those of a service that a backup of that time does not have: `known` are the ones that it has."""
    there = {(one.whom, one.request) for one in known}
    late = (one for one in erasures if one.service == service and one.at > taken_at - _UNDER_WAY)
    return [one for one in late if (one.whom, one.request) not in there]


def _read(line: bytes) -> Erased | None:
    try:
        values = orjson.loads(line)
        return Erased(**values | {"at": datetime.fromisoformat(values["at"])})
    except (ValueError, TypeError, KeyError):
        # A line whose writer died is not whole; the next run finds it missing and writes it again.
        return None


def _append(file: Path, new: Iterable[Erased]) -> None:
    lines = b"".join(b"\n" + orjson.dumps(asdict(one)) for one in new) + b"\n"
    try:
        number = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(number, lines)
            os.fsync(number)
        finally:
            os.close(number)
    except OSError as error:
        raise BackupError(f"{file} cannot be written ({error.strerror})") from error
