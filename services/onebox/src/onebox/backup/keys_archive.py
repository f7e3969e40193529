"""The key files of an installation in one sealed file, which is good beside the backup that it was made for only."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path

from onebox.backup.errors import BackupError, Refused
from onebox.backup.sealing import Opener, Sealer
from servicekit.embedded.files import write_private


def read_keys(folder: Path) -> dict[str, bytes]:
    """The key files below a folder, by their path in it. Raises BackupError.

    Kubernetes mounts secrets as links into hidden folders: the links are followed, the folders are left out.
    """
    try:
        files = sorted((one.relative_to(folder), one) for one in folder.rglob("*") if one.is_file())
        found = {str(name): one.read_bytes() for name, one in files if _is_key(name)}
    except OSError as error:
        raise BackupError(f"the keys in {folder} cannot be read ({error.strerror})") from error
    if not found:
        raise BackupError(f"there are no keys in {folder}")
    return found


def seal_keys(files: Mapping[str, bytes], sealer: Sealer, bound_to: str) -> bytes:
    """The archive."""
    content = {name: base64.b64encode(value).decode() for name, value in files.items()}
    return sealer.seal(json.dumps({"bound_to": bound_to, "files": content}).encode())


def open_keys(archive: Path, opener: Opener, bound_to: str) -> dict[str, bytes]:
    """The key files. Raises Refused when they are sealed for another key, or are of another backup."""
    content = json.loads(opener.open(archive))
    if content["bound_to"] != bound_to:
        raise Refused("the backup is damaged: its keys are those of another backup, or its other files are")
    return {name: base64.b64decode(value) for name, value in content["files"].items()}


def write_keys(files: Mapping[str, bytes], folder: Path) -> None:
    """Puts the files back, readable by their owner only."""
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(place, content.decode())


def _is_key(name: Path) -> bool:
    return name.suffix != ".lock" and not any(part.startswith("..") for part in name.parts)
