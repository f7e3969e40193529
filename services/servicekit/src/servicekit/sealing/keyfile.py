"""The file of the master keys, read again when it changes: a rotation needs no restart.

stat, at most once a second ──changed──► read ──good──► the new ring
                                           └──broken──► the old ring stays; counted, and logged once per version
"""

import os
from pathlib import Path
from typing import Self

from prometheus_client import Counter

from servicekit.clock import Clock
from servicekit.crypto import Keyring, KeyUnavailable
from servicekit.logging import get_logger
from servicekit.telemetry.metrics import Metrics

_LOOK_EVERY_S = 1.0
#: What tells one version of the file from another: time of change, inode, size. None: it is not there.
_Stamp = tuple[int, int, int] | None


class KeyringFile:
    """A `MasterKeys` over a file of the form that `Keyring` describes. Raises ValueError or OSError when it cannot be
    read at first; later on a file that is half-written, broken, gone, or of another root leaves the ring as it was.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        # Looked at before it is read: a change in between is then seen the next time.
        self._stamp, self._looked_at = _stamp_of(path), clock.monotonic()
        self._ring = Keyring.load(path)
        self._reads: Counter | None = None

    def counted(self, metrics: Metrics) -> Self:
        """The same; from now on `aiguy_key_file_reads_total` counts."""
        self._reads = metrics.counter("aiguy_key_file_reads_total", "The key file was read again.", ("outcome",))
        return self

    def current(self) -> Keyring:
        """The ring as the file has it now, at most a second old."""
        now = self._clock.monotonic()
        if now - self._looked_at >= _LOOK_EVERY_S:
            self._looked_at = now
            self._look()
        return self._ring

    def wrap(self, key: bytes, aad: bytes) -> tuple[str, bytes]:
        """See `MasterKeys.wrap`."""
        return self.current().wrap(key, aad)

    def unwrap_key(self, key_id: str, wrapped: bytes, aad: bytes = b"") -> bytes:
        """See `MasterKeys.unwrap_key`. For a key that is not known the file is looked at at once."""
        try:
            return self.current().unwrap_key(key_id, wrapped, aad)
        except KeyUnavailable:
            self._look()
            return self._ring.unwrap_key(key_id, wrapped, aad)

    def derive(self, purpose: str) -> bytes:
        """See `MasterKeys.derive`."""
        return self._ring.derive(purpose)

    def _look(self) -> None:
        stamp = _stamp_of(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            found = Keyring.load(self._path)
        except (OSError, ValueError) as error:
            # ValueError: also what is no JSON, and what is no UTF-8. The text may hold keys and is not repeated.
            self._refused(type(error).__name__)
            return
        if not found.same_root(self._ring):
            self._refused("another root: what was hashed under the old one would not be found again")
            return
        self._ring = found
        self._count("read")
        get_logger().info("key_file_read", kid=found.active, keys=len(found.names))

    def _refused(self, reason: str) -> None:
        self._count("refused")
        get_logger().error("key_file_refused", reason=reason)

    def _count(self, outcome: str) -> None:
        if self._reads is not None:
            self._reads.labels(outcome).inc()


def open_keys(path: Path | None, clock: Clock) -> KeyringFile:
    """The file that a service is told of. Raises ValueError when it was told of none."""
    if path is None:
        raise ValueError("AIGUY_MASTER_KEY_FILE is needed: what belongs to people is sealed with it")
    return KeyringFile(path, clock)


def _stamp_of(path: Path) -> _Stamp:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
