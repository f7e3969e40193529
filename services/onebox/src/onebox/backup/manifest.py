"""What belongs to a backup: `manifest.json`, with a sha256 over each file and over itself. Written last, read first."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from onebox.backup.errors import BackupError, Refused
from onebox.backup.sealing import SEALED

FORMAT = 2
MANIFEST = "manifest.json"
CHECKPOINT = "checkpoint.json"
KEYS = f"keys{SEALED}"
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of the backup."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Dumped:
    """One database as it was at `at`: `migration` is the newest that it has, `rows` the rows of each table."""

    at: datetime
    postgres: int
    migration: str
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Manifest:
    """`files` by name, without this one; `broken` are the chains that did not hold when the backup was taken."""

    format: int
    version: str
    services: Mapping[str, Dumped]
    files: Mapping[str, Stored]
    broken: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def taken_at(self) -> datetime:
        """When its oldest database was looked at: what came later may be missing."""
        return min(one.at for one in self.services.values())


_SHAPE = TypeAdapter(Manifest)


def dump_of(service: str) -> str:
    """The file of a service's database, sealed."""
    return f"{service}.dump{SEALED}"


def binding(manifest: Manifest) -> str:
    """What the archive of the keys is bound to: everything else in the backup."""
    others = {name: one for name, one in manifest.files.items() if name != KEYS}
    return _digest(replace(manifest, files=others))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes it into the backup's folder."""
    written = replace(manifest, sha256=_digest(manifest))
    (folder / MANIFEST).write_bytes(_SHAPE.dump_json(written, indent=2) + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup, itself whole; its files are not looked at. Raises Refused."""
    try:
        manifest = _SHAPE.validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise Refused(f"{folder} is no backup: it has no {MANIFEST}") from error
    except OSError as error:
        raise BackupError(f"{folder / MANIFEST} cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise Refused(f"the backup is damaged: {folder / MANIFEST} cannot be understood") from error
    if manifest.sha256 != _digest(manifest):
        raise Refused(f"the backup is damaged: {folder / MANIFEST} was changed")
    if manifest.format != FORMAT:
        raise Refused(f"{folder} was made by another version of this program (format {manifest.format})")
    return manifest


def check_files(folder: Path, manifest: Manifest) -> None:
    """Every file is there and is what was written. Raises Refused with all that are not."""
    wrong = [f"{name} {why}" for name, stored in manifest.files.items() if (why := _wrong(folder / name, stored))]
    if wrong:
        raise Refused(f"the backup is damaged: {', '.join(wrong)}")


def stored(file: Path) -> Stored:
    """What a manifest says of the file."""
    return Stored(file.stat().st_size, _sha256(file))


def _wrong(file: Path, stored: Stored) -> str:
    if not file.is_file():
        return "is missing"
    if file.stat().st_size != stored.bytes:
        return f"has {file.stat().st_size:,} bytes instead of {stored.bytes:,}"
    return "" if _sha256(file) == stored.sha256 else "was changed"


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _digest(manifest: Manifest) -> str:
    content = orjson.dumps(asdict(replace(manifest, sha256="")), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()
