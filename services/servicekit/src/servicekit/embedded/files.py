"""Small files of a server's directory: its secret, and the lock that keeps a second owner out."""

import fcntl
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import IO

from servicekit.embedded.errors import EmbeddedError


def read_or_create_secret(path: Path) -> str:
    """The secret in `path` (mode 0600), made on first use: 43 URL-safe characters."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Write `text` so that nobody else can read it at any moment (0600, replaced atomically)."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    partial.replace(path)


def derive(secret: str, name: str) -> str:
    """A password for `name`: 64 characters, the same for the same secret."""
    return hmac.new(secret.encode(), name.encode(), hashlib.sha256).hexdigest()


class DirectoryLock:
    """Held by the one process that runs the servers of a directory; the kernel frees it when that process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Raises EmbeddedError when another process holds it."""
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise EmbeddedError(f"{self._path.parent} is in use by another process") from error
        self._file = file

    def release(self) -> None:
        """Free it; harmless when it is not held."""
        if self._file is not None:
            self._file.close()
            self._file = None
