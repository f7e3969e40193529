"""The key files of an installation in one file, sealed under a passphrase.

File: 16 bytes of salt, then the archive under a key that scrypt makes of both. It opens only beside the backup that it
was made for.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from onebox.backup.errors import BackupError, Refused
from servicekit.crypto import KEY_BYTES, SealError, open_sealed, seal
from servicekit.embedded.files import write_private

_SALT_BYTES = 16
_LEAST_PASSPHRASE = 12
_AAD = b"aiguy keys\n"


def read_passphrase(file: Path) -> bytes:
    """The passphrase in a file, without the line's end. Raises BackupError."""
    try:
        passphrase = file.read_bytes().strip()
    except OSError as error:
        raise BackupError(f"the passphrase {file} cannot be read ({error.strerror})") from error
    if len(passphrase) < _LEAST_PASSPHRASE:
        raise BackupError(f"the passphrase in {file} is shorter than {_LEAST_PASSPHRASE} characters")
    return passphrase


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


def seal_keys(files: Mapping[str, bytes], passphrase: bytes, bound_to: bytes) -> bytes:
    """The archive."""
    salt = secrets.token_bytes(_SALT_BYTES)
    content = json.dumps({name: base64.b64encode(value).decode() for name, value in files.items()})
    return salt + seal(_key(passphrase, salt), content.encode(), _AAD + bound_to)


def open_keys(archive: bytes, passphrase: bytes, bound_to: bytes) -> dict[str, bytes]:
    """The key files. Raises Refused when the passphrase is another, or the archive is of another backup."""
    salt, sealed = archive[:_SALT_BYTES], archive[_SALT_BYTES:]
    try:
        content = json.loads(open_sealed(_key(passphrase, salt), sealed, _AAD + bound_to))
    except SealError as error:
        raise Refused("the keys do not open: another passphrase, or the archive of another backup") from error
    return {name: base64.b64decode(value) for name, value in content.items()}


def write_keys(files: Mapping[str, bytes], folder: Path) -> None:
    """Puts the files back, readable by their owner only."""
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(place, content.decode())


def _is_key(name: Path) -> bool:
    return name.suffix != ".lock" and not any(part.startswith("..") for part in name.parts)


def _key(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=KEY_BYTES, n=2**16, r=8, p=1).derive(passphrase)
