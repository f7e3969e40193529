"""`aiguy backup` and `aiguy restore`: of the stack of this machine."""

import asyncio
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from onebox.backup.errors import BackupError, Refused
from onebox.backup.folder import Keep
from onebox.backup.restore import Plan, Restored, carry_out, check_keys, plan_restore
from onebox.backup.sealing import make_identity, opener_of, sealer_of
from onebox.backup.take import Taken, take_backup
from onebox.home import Home
from onebox.servers import database_server
from onebox.stack import SERVICES
from servicekit.embedded import EmbeddedError
from servicekit.embedded.files import DirectoryLock
from servicekit.embedded.place import remove_directory

DONE, REFUSED, UNTRIED = 0, 1, 2
RECIPIENT, IDENTITY = "AIGUY_BACKUP_RECIPIENT_FILE", "AIGUY_BACKUP_IDENTITY_FILE"


def named_recipient(given: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """The file of whom backups are sealed for: the option, else the setting. Raises Refused when there is neither."""
    return _named(
        given, RECIPIENT, "--recipient-file", "backups are sealed for (aiguy keys backup makes one)", environment
    )


def named_identity(given: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """The file of what opens backups: the option, else the setting. Raises Refused when there is neither."""
    return _named(given, IDENTITY, "--identity-file", "opens it", environment)


def make_backup_key(file: Path, console: Console) -> int:
    """A new key for backups. Returns 0; 1 when it was refused; 2 when it could not be written."""

    def work() -> int:
        recipient = make_identity(file)
        console.print(escape(f"{file} opens backups: keep it where neither this machine nor its backups are."))
        console.print(escape(f"{file}.pub is what they are sealed for: {recipient}"))
        return DONE

    return said(work, console, "No key was made")


def backup_databases(
    folder: Path, urls: Mapping[str, str], keys: Path | None, recipients: Path, keep: Keep | None, console: Console
) -> int:
    """Takes a backup. Returns 0; 1 when it was refused, or a chain did not hold; 2 when it could not be taken."""

    def work() -> int:
        return _say_taken(asyncio.run(take_backup(folder, urls, keys, sealer_of(recipients), keep)), console)

    return said(work, console, "No backup was made")


def restore_here(
    home: Home,
    folder: Path,
    identity: Path,
    console: Console,
    *,
    replace: bool,
    without_keys: bool = False,
    environment: Mapping[str, str] = os.environ,
) -> int:
    """Restores the stack of this machine, which must not run. Returns 0; 1 when it was refused, or something is wrong
    with what came back; 2 when it could not be done.
    """

    def work() -> int:
        plan = plan_restore(folder, opener_of(identity), without_keys=without_keys)
        home.create()
        lock = DirectoryLock(home.root / "lock")
        try:
            lock.acquire()
        except EmbeddedError as error:
            raise Refused("a stack runs here: stop it first") from error
        try:
            if not replace:
                check_keys(plan, home.keys)
            restored = asyncio.run(_into_own_servers(home, plan, replace, environment))
            _forget_copies(home, console, environment)
        finally:
            lock.release()
        return say_restored(restored, console)

    return said(work, console, "Nothing was restored")


def restore_databases(
    folder: Path, urls: Mapping[str, str], keys: Path | None, identity: Path, console: Console, *, replace: bool
) -> int:
    """As `restore_here`, into the databases of `urls`; Valkey and the index of the knowledge base are not touched.

    `keys`: where the key files go; None: they are left out.
    """

    def work() -> int:
        plan = plan_restore(folder, opener_of(identity), without_keys=keys is None)
        return say_restored(asyncio.run(carry_out(plan, urls, keys or Path(), replace=replace)), console)

    return said(work, console, "Nothing was restored")


def said(work: Callable[[], int], console: Console, otherwise: str) -> int:
    """Does it, and says what kept it from being done."""
    try:
        return work()
    except Refused as error:
        console.print(escape(f"{otherwise}: {error}."))
        return REFUSED
    except BackupError as error:
        console.print(escape(f"Broken off: {error}."))
        return UNTRIED


def say_restored(restored: Restored, console: Console) -> int:
    """What came back, how old it is, and what is wrong."""
    for service, count in restored.rows.items():
        again = restored.erased_again.get(service)
        console.print(f"  {service}: {count:,} rows" + (f"; {again:,} erased again" if again else ""))
    for line in restored.chains:
        console.print(escape(f"  {line}"))
    for line in restored.wrong:
        console.print(escape(f"  WRONG: {line}"))
    age = str(datetime.now(UTC) - restored.taken_at).partition(".")[0]
    console.print(
        f"This is how things were at {restored.taken_at:%Y-%m-%d %H:%M:%S} UTC, {age} ago: what came after is lost."
    )
    console.print("VERDICT: " + ("something is wrong with what came back" if restored.wrong else "all of it came back"))
    return REFUSED if restored.wrong else DONE


def _named(given: Path | None, variable: str, option: str, what: str, environment: Mapping[str, str]) -> Path:
    if given is not None:
        return given
    if named := environment.get(variable):
        return Path(named)
    raise Refused(f"name the file of the key that {what}: {option}, or {variable}")


async def _into_own_servers(home: Home, plan: Plan, replace: bool, environment: Mapping[str, str]) -> Restored:
    server = database_server(home, environment)
    try:
        await asyncio.to_thread(server.start)
        urls = await server.create_databases(SERVICES)
        return await carry_out(plan, urls, home.keys, replace=replace)
    except EmbeddedError as error:
        raise BackupError(str(error)) from error
    finally:
        await asyncio.to_thread(server.stop)


def _forget_copies(home: Home, console: Console, environment: Mapping[str, str]) -> None:
    """What was copied from the databases is of another time than they are: the services make it anew."""
    remove_directory(home.root / "retrieval-index")
    if environment.get("AIGUY_REDIS_URL"):
        console.print("Your Redis may still hold copies of what is gone: empty it before the start.")
    else:
        remove_directory(home.root / "valkey")


def _say_taken(taken: Taken, console: Console) -> int:
    for service, one in taken.manifest.services.items():
        console.print(
            f"  {service}: {sum(one.rows.values()):,} rows in {len(one.rows)} tables, migration {one.migration}"
        )
    for chain in taken.manifest.broken:
        console.print(escape(f"  BROKEN: a chain of {chain}; see aiguy audit verify"))
    size = sum(one.bytes for one in taken.manifest.files.values()) / 1e6
    gone = f"; {len(taken.gone)} older deleted" if taken.gone else ""
    console.print(escape(f"Backup {taken.folder} ({size:.1f} MB){gone}"))
    return REFUSED if taken.manifest.broken else DONE
