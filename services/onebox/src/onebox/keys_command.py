"""`aiguy keys rotate | rewrap | retire`: new master keys while everything serves, and old ones taken out.

rotate   a new key is active: new data keys are wrapped under it, the old key still opens
rewrap   all data keys are wrapped anew under it
retire   the old key is taken out of the files, once nothing is under it
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import asyncpg
from rich.console import Console
from rich.markup import escape

from onebox.keys import KeyFiles
from servicekit.crypto import Keyring
from servicekit.db.errors import CONNECT_ERRORS
from servicekit.db.pool import Connection
from servicekit.embedded import EmbeddedError
from servicekit.embedded.files import DirectoryLock, write_private
from servicekit.keyfiles import ORCHESTRATOR, SEALING
from servicekit.sealing.retire import SETTLE_S, KeyInUse, retire
from servicekit.sealing.rewrap import CONVERSATIONS, PEOPLE, KeyTable, rewrap, uses

DONE, REFUSED, UNTRIED = 0, 1, 2
#: What is done for one service, with its keys and over its database; gives an exit code.
Work = Callable[[str, Keyring, Connection], Awaitable[int]]


def table_of(service: str) -> KeyTable:
    """Where a service keeps its data keys."""
    return CONVERSATIONS if service == ORCHESTRATOR else PEOPLE


def rotate_keys(files: KeyFiles, name: str | None, console: Console) -> int:
    """Adds a fresh active key to each service's file. Running services see it within a second.

    Without a name the next free `k2`, `k3` … is taken, of each file its own. Returns 0; 1 when a file has the name
    already; 2 when a file cannot be read, and then none was changed, or cannot be written, and then the others were.
    """
    with _alone(files, console) as alone:
        return _rotate(files, name, console) if alone else UNTRIED


def _rotate(files: KeyFiles, name: str | None, console: Console) -> int:
    try:
        rings = {service: Keyring.load(files.master(service)) for service in SEALING}
        rotated = {service: ring.rotated(name or _next_name(ring)) for service, ring in rings.items()}
    except OSError as error:
        console.print(escape(f"{error.filename} cannot be read ({error.strerror}). Was `make up` ever run here?"))
        return UNTRIED
    except ValueError as error:
        console.print(escape(f"Nothing was changed: {error}."))
        return REFUSED
    code = DONE
    for service, ring in rotated.items():
        try:
            write_private(files.master(service), ring.to_json())
        except OSError as error:
            console.print(escape(f"{service}: its key file cannot be written ({type(error).__name__})"))
            code = UNTRIED
            continue
        older = ", ".join(key for key in ring.names if key != ring.active)
        console.print(escape(f"{service}: {ring.active} is active now; {older} still opens what is older"))
    console.print("Next: aiguy keys rewrap")
    return code


def rewrap_keys(urls: Mapping[str, str], files: KeyFiles, console: Console) -> int:
    """Wraps all data keys anew under the active keys. 1: some could not be read; 2: a database was not there."""
    return max(asyncio.run(_each(urls, files, console, partial(_rewrap, console=console))), default=DONE)


def retire_key(
    urls: Mapping[str, str], files: KeyFiles, name: str, console: Console, settle_s: float = SETTLE_S
) -> int:
    """Takes the key out of every file. 1 where it is active or in use; 2 when a database was not there."""
    work = partial(_retire, files=files, name=name, console=console, settle_s=settle_s)
    with _alone(files, console) as alone:
        return max(asyncio.run(_each(urls, files, console, work)), default=DONE) if alone else UNTRIED


@contextmanager
def _alone(files: KeyFiles, console: Console) -> Iterator[bool]:
    """Whether no other such command changes the files just now; none does until the end of the block."""
    lock = DirectoryLock(files.directory / "keys.lock")
    try:
        lock.acquire()
    except (EmbeddedError, OSError) as error:
        console.print(escape(f"Nothing was changed: {error}."))
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


async def _each(urls: Mapping[str, str], files: KeyFiles, console: Console, work: Work) -> list[int]:
    return list(await asyncio.gather(*(_at(service, urls, files, console, work) for service in SEALING)))


async def _at(service: str, urls: Mapping[str, str], files: KeyFiles, console: Console, work: Work) -> int:
    """UNTRIED for whatever fails here: the other services are done all the same."""
    try:
        ring = Keyring.load(files.master(service))
    except (OSError, ValueError) as error:
        # What is wrong with it is not repeated: the text may hold keys.
        console.print(escape(f"{service}: its key file cannot be read ({type(error).__name__})"))
        return UNTRIED
    try:
        connection = await asyncpg.connect(urls[service], timeout=5)
    except (KeyError, *CONNECT_ERRORS) as error:
        console.print(escape(f"{service}: its database cannot be reached ({type(error).__name__})"))
        return UNTRIED
    try:
        return int(await work(service, ring, connection))
    except CONNECT_ERRORS as error:
        console.print(
            escape(f"{service}: its database cannot be asked, or its file not written ({type(error).__name__})")
        )
        return UNTRIED
    finally:
        await connection.close()


async def _rewrap(service: str, ring: Keyring, db: Connection, *, console: Console) -> int:
    found = await rewrap(db, table_of(service), ring)
    lost = f"; {found.unreadable:,} cannot be opened: their master key is not in the file" if found.unreadable else ""
    console.print(escape(f"{service}: {found.done:,} data keys wrapped anew under {ring.active}{lost}"))
    return REFUSED if found.unreadable else DONE


async def _retire(
    service: str, ring: Keyring, db: Connection, *, files: KeyFiles, name: str, console: Console, settle_s: float
) -> int:
    if name not in ring.names:
        console.print(escape(f"{service}: has no key {name}"))
        return DONE
    try:
        await retire(files.master(service), name, lambda: uses(db, table_of(service), name), settle_s)
    except (KeyInUse, ValueError) as error:
        console.print(escape(f"{service}: {name} stays: {error}"))
        return REFUSED
    console.print(escape(f"{service}: {name} is gone"))
    return DONE


def _next_name(ring: Keyring) -> str:
    number = len(ring.names) + 1
    while f"k{number}" in ring.names:
        number += 1
    return f"k{number}"
