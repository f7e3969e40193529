"""Master keys of one service, where there is no `aiguy keys`: `python -m servicekit.sealing COMMAND`.

The commands are `create`, `rotate`, `rewrap` and `uses`.
The file is AIGUY_MASTER_KEY_FILE, the database AIGUY_DATABASE_URL. `rotate` changes the file in place; where that is
mounted read-only, rotate a copy and mount it anew: running services see it within a second.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg

from servicekit.crypto import Keyring
from servicekit.db.errors import CONNECT_ERRORS
from servicekit.embedded.files import write_private
from servicekit.sealing.rewrap import CONVERSATIONS, PEOPLE, KeyTable, rewrap, uses

_TABLES = {one.table: one for one in (PEOPLE, CONVERSATIONS)}


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Exit code 0: done, or not in use; 1: some could not be read, or in use; 2: could not be tried."""
    parser = argparse.ArgumentParser(prog="python -m servicekit.sealing", description="Master keys of one service.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("create", help="make the file, unless it is there")
    commands.add_parser("rotate", help="add a fresh active key to the file").add_argument("name")
    for name, about in (("rewrap", "wrap all data keys anew under the active key"), ("uses", "is a key still in use?")):
        command = commands.add_parser(name, help=about)
        command.add_argument("--table", choices=sorted(_TABLES), default=PEOPLE.table, help="where the data keys are")
        if name == "uses":
            command.add_argument("name")
    asked = parser.parse_args(arguments)
    try:
        path = Path(environment["AIGUY_MASTER_KEY_FILE"])
        if asked.command == "create":
            return _create(path)
        ring = Keyring.load(path)
        if asked.command == "rotate":
            write_private(path, ring.rotated(asked.name).to_json())
            return _say(f"{asked.name} is active now", 0)
        return asyncio.run(_in_database(environment["AIGUY_DATABASE_URL"], ring, asked))
    except KeyError as error:
        parser.error(f"set {error}")
    except (OSError, ValueError) as error:
        parser.error(str(error))


async def _in_database(url: str, ring: Keyring, asked: argparse.Namespace) -> int:
    table: KeyTable = _TABLES[asked.table]
    try:
        db = await asyncpg.connect(url, timeout=5)
    except CONNECT_ERRORS as error:
        return _say(f"the database cannot be reached ({type(error).__name__})", 2)
    try:
        if asked.command == "uses":
            used = await uses(db, table, asked.name)
            return _say(f"{used:,} data keys are under {asked.name}", 1 if used else 0)
        found = await rewrap(db, table, ring)
        return _say(
            f"{found.done:,} data keys wrapped anew under {ring.active}, {found.unreadable:,} could not be opened",
            1 if found.unreadable else 0,
        )
    except CONNECT_ERRORS as error:
        return _say(f"the database cannot be asked ({type(error).__name__})", 2)
    finally:
        await db.close()


def _create(path: Path) -> int:
    if path.exists():
        return _say(f"{path} is there already: {len(Keyring.load(path).names)} keys", 0)
    write_private(path, Keyring.generate().to_json())
    return _say(f"{path} was made: keep a copy where it is safe, for without it nothing that is sealed can be read", 0)


def _say(line: str, code: int) -> int:
    sys.stdout.write(f"{line}\n")
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], os.environ))
