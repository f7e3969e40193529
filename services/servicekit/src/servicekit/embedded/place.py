"""Where the data really goes when the wanted directory cannot be reached by the server's account."""

import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path

from servicekit.embedded.account import Account
from servicekit.embedded.errors import EmbeddedError

ELSEWHERE = Path("/var/tmp")  # noqa: S108  (a directory of our own is made there and its owner is checked)
MARKER = "data-is-in"
BACK = "belongs-to"


def place_directory(wanted: Path, account: Account | None) -> Path:
    """Create and return the directory to use: `wanted`, or one in /var/tmp when `account` cannot enter `wanted`.

    A file `data-is-in` in `wanted` then names it; deleting `wanted` starts afresh, as one would expect.
    """
    wanted.mkdir(parents=True, exist_ok=True)
    if account is None or account.can_reach(wanted):
        return wanted
    name = hashlib.sha256(str(wanted.resolve()).encode()).hexdigest()[:16]
    moved = ELSEWHERE / f"aiguy-{name}"
    _sweep()
    moved.mkdir(mode=0o755, exist_ok=True)
    _check_owner(moved)
    (wanted / MARKER).write_text(f"{moved}\n")
    (moved / BACK).write_text(f"{wanted.resolve()}\n")
    return moved


def remove_directory(wanted: Path) -> None:
    """Delete `wanted` and, when the data went elsewhere, that directory too."""
    marker = wanted / MARKER
    if marker.exists():
        shutil.rmtree(marker.read_text().strip(), ignore_errors=True)
    shutil.rmtree(wanted, ignore_errors=True)


def _sweep() -> None:
    """Delete our directories whose `wanted` was deleted."""
    for moved in ELSEWHERE.glob("aiguy-*"):
        # Somebody else may be sweeping too: what is gone meanwhile needs no more of it.
        with suppress(FileNotFoundError):
            if _is_abandoned(moved):
                shutil.rmtree(moved, ignore_errors=True)


def _is_abandoned(moved: Path) -> bool:
    back = moved / BACK
    ours = not moved.is_symlink() and moved.lstat().st_uid == os.geteuid() and back.is_file()
    return ours and not (Path(back.read_text().strip()) / MARKER).exists()


def _check_owner(directory: Path) -> None:
    info = directory.lstat()
    if directory.is_symlink() or info.st_uid != os.geteuid():
        raise EmbeddedError(f"{directory} belongs to somebody else: remove it")
