"""Which account a server runs under. Postgres refuses root, so root hands it to an unprivileged account."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from servicekit.embedded.errors import EmbeddedError

PREFERRED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine."""

    uid: int
    gid: int

    def can_reach(self, path: Path) -> bool:
        """True when this account may enter every existing directory on the way to `path`, and `path` itself."""
        resolved = path.resolve()
        return all(self._can_enter(part) for part in (resolved, *resolved.parents) if part.is_dir())

    def own(self, path: Path) -> None:
        """Make `path` this account's."""
        os.chown(path, self.uid, self.gid)

    def _can_enter(self, directory: Path) -> bool:
        info = directory.stat()
        if info.st_uid == self.uid:
            return bool(info.st_mode & stat.S_IXUSR)
        if info.st_gid == self.gid:
            return bool(info.st_mode & stat.S_IXGRP)
        return bool(info.st_mode & stat.S_IXOTH)


def unprivileged_account(data_dir: Path) -> Account | None:
    """None when this process is not root, else the owner of `data_dir`, `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return None
    if data_dir.is_dir() and (info := data_dir.stat()).st_uid != 0:
        return Account(info.st_uid, info.st_gid)
    for name in PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError("Postgres does not run as root, and there is no account 'postgres' or 'nobody' to run it")
