"""The weights of the model: one file, joined from parts that came as packages, and known by its sha256.

The hash says that the file is the one that was tried, byte for byte. It is looked at before each start.
"""

import errno
import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from servicekit.embedded import EmbeddedError
from servicekit.embedded.files import DirectoryLock

MEGABYTE = 1_000_000
_CHUNK = 1 << 20
Progress = Callable[[int], None]
"""Called with how many bytes are done, now and then."""


class WeightsError(Exception):
    """There are no weights to use. The message is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's file: its name, its size in bytes, its sha256 in hexadecimal, of how many parts it is joined."""

    name: str
    size: int
    sha256: str
    parts: int


#: Qwen2.5-Coder-1.5B-Instruct (Apache 2.0), 4 bits a weight.
QWEN = Weights(
    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", 1_117_320_768,
    "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046", 22,
)  # fmt: skip


def check_weights(file: Path, weights: Weights, progress: Progress) -> None:
    """Read the whole file. Raises WeightsError when it is not the one that `weights` names."""
    digest = hashlib.sha256()
    with file.open("rb") as read:
        _copy(read.read, digest.update, progress, 0)
    if digest.hexdigest() != weights.sha256:
        raise WeightsError(f"{file} is not the model that was tried: its sha256 is {digest.hexdigest()}")


def join_parts(parts: Sequence[Path], file: Path, weights: Weights, progress: Progress) -> None:
    """Write the parts, one behind the other, as `file`, which is there whole and right or not at all.

    Raises WeightsError: a part is missing, the disk is too small, the whole has another hash, or another process
    writes the file just now.
    """
    if lost := [str(part) for part in parts if not part.is_file()]:
        raise WeightsError(f"a part of the model is missing: {lost[0]}")
    file.parent.mkdir(parents=True, exist_ok=True)
    need_space(file.parent, weights.size)
    lock, partial = DirectoryLock(file.parent / "lock"), file.with_name(f"{file.name}.partial")
    try:
        lock.acquire()
    except EmbeddedError as error:
        raise WeightsError(f"{file} is being written by another process: try again when it has ended") from error
    try:
        found = _joined(parts, partial, progress)
        if found != weights.sha256:
            raise WeightsError(f"the parts do not make the model that was tried: their sha256 is {found}")
        partial.replace(file)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise WeightsError(f"the disk of {file.parent} is full") from error
    finally:
        partial.unlink(missing_ok=True)
        lock.release()


def need_space(folder: Path, size: int) -> None:
    """Raises WeightsError when the disk of `folder` has no `size` bytes left."""
    free = shutil.disk_usage(folder).free
    if free < size:
        needed, left = (f"{one / MEGABYTE:,.0f} MB" for one in (size, free))
        raise WeightsError(f"the model needs {needed} on the disk of {folder}, which has {left} left")


def _joined(parts: Sequence[Path], partial: Path, progress: Progress) -> str:
    digest, done = hashlib.sha256(), 0

    def take(data: bytes) -> None:
        digest.update(data)
        written.write(data)

    with partial.open("wb") as written:
        for part in parts:
            with part.open("rb") as read:
                done = _copy(read.read, take, progress, done)
    return digest.hexdigest()


def _copy(read: Callable[[int], bytes], take: Callable[[bytes], object], progress: Progress, done: int) -> int:
    while data := read(_CHUNK):
        take(data)
        done += len(data)
        progress(done)
    return done
