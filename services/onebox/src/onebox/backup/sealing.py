"""Files that only the holder of one key opens: age's format (age-encryption.org/v1), so `age` itself opens them too.

Whoever makes a backup has the public half, the recipient; a restore needs the private one, the identity. Each piece of
a file is authenticated: what was changed or cut off does not open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pyrage
from pyrage import x25519

from onebox.backup.errors import BackupError, Refused
from servicekit.embedded.files import write_private

#: What its name ends with.
SEALED = ".age"
_OTHER_KEY = "No matching keys found"


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals for recipients."""

    recipients: Sequence[x25519.Recipient]

    def stream(self, source: BinaryIO, target: Path) -> None:
        """Seals all that `source` has into the file `target`, piece by piece. Raises BackupError."""
        try:
            with target.open("wb") as file:
                pyrage.encrypt_io(source, file, self.recipients)
        except (pyrage.EncryptError, OSError) as error:
            raise BackupError(f"{target.name} cannot be written ({error})") from error

    def seal(self, content: bytes) -> bytes:
        """The sealed form of what fits into memory."""
        return bytes(pyrage.encrypt(content, self.recipients))


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens what was sealed for one of the identities."""

    identities: Sequence[x25519.Identity]

    def stream(self, source: Path, target: BinaryIO) -> None:
        """Writes what the file `source` holds into `target`, piece by piece, each after it was found genuine.

        Raises Refused for one that does not open, perhaps after some pieces; and OSError of `target`.
        """
        try:
            with source.open("rb") as file:
                pyrage.decrypt_io(file, target, self.identities)
        except pyrage.DecryptError as error:
            raise _closed(source.name, str(error)) from error
        except OSError as error:
            # Of a damaged piece there is an OSError without a number; all others are the machine's.
            if error.errno is None:
                raise _closed(source.name, str(error)) from error
            raise

    def check(self, source: Path) -> None:
        """Raises Refused for a file that does not open to its end."""
        self.stream(source, _Nowhere())

    def open(self, source: Path) -> bytes:
        """What a small file holds. Raises Refused."""
        target = BytesIO()
        self.stream(source, target)
        return target.getvalue()


def make_identity(file: Path) -> str:
    """A new identity in `file` (0600), its recipient in the file beside it that ends with `.pub`; the recipient.

    Raises Refused when there is a file already: what was sealed for it would stay shut.
    """
    public = file.with_name(f"{file.name}.pub")
    if there := [one for one in (file, public) if one.exists()]:
        raise Refused(f"{there[0]} is there already, and backups may be sealed for it")
    identity = x25519.Identity.generate()
    recipient = str(identity.to_public())
    try:
        write_private(file, f"# public key: {recipient}\n{identity}\n")
        public.write_text(f"{recipient}\n", encoding="utf-8")
    except OSError as error:
        raise BackupError(f"{file} cannot be written ({error.strerror})") from error
    return recipient


def sealer_of(file: Path) -> Sealer:
    """By a file of recipients, one a line (`age1…`). Raises BackupError."""
    try:
        found = [x25519.Recipient.from_str(line) for line in _lines(file)]
    except pyrage.RecipientError as error:
        raise BackupError(f"{file} is no list of recipients: lines begin with age1") from error
    if not found:
        raise BackupError(f"{file} names no recipient")
    return Sealer(found)


def opener_of(file: Path) -> Opener:
    """By a file of identities, one a line (`AGE-SECRET-KEY-1…`), as `age-keygen` writes it. Raises BackupError."""
    try:
        found = [x25519.Identity.from_str(line) for line in _lines(file)]
    except pyrage.IdentityError as error:
        # The line itself is not repeated: it may be a key with a slip in it.
        raise BackupError(f"{file} is no list of identities: lines begin with AGE-SECRET-KEY-1") from error
    if not found:
        raise BackupError(f"{file} holds no identity")
    return Opener(found)


class _Nowhere(BytesIO):
    def write(self, piece: object, /) -> int:
        return len(piece)  # type: ignore[arg-type]


def _lines(file: Path) -> list[str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BackupError(f"{file} cannot be read ({type(error).__name__})") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _closed(name: str, why: str) -> Refused:
    if why == _OTHER_KEY:
        return Refused(f"{name} does not open: it was sealed for another key than the one in your file")
    return Refused(f"the backup is damaged: {name} was changed or cut off")
