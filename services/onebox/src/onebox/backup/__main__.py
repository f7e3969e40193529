"""Backups by URLs, where there is no `aiguy up`: `python -m onebox.backup take | erasures | restore FOLDER`.

Databases: AIGUY_DATABASE_URLS, a JSON object of service to URL; or the file that AIGUY_DATABASE_URLS_FILE names; or
AIGUY_DATABASE_URLS_FOLDER, in which each is in a file that is called as its service. Keys: `--keys FOLDER`, in which
they are named as `aiguy up` names them (master.json, master-orders.json …). `take` seals for whom the file
AIGUY_BACKUP_RECIPIENT_FILE names, `restore` opens with AIGUY_BACKUP_IDENTITY_FILE; `key FILE` makes both.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from onebox.audit_databases import VARIABLE, DatabasesUnknown, database_urls
from onebox.backup.command import (
    DONE,
    backup_databases,
    make_backup_key,
    named_identity,
    named_recipient,
    restore_databases,
    said,
)
from onebox.backup.database import opened
from onebox.backup.erasures import keep_erasures
from onebox.backup.errors import BackupError
from onebox.backup.folder import Keep
from onebox.home import find_home


def run(arguments: Sequence[str], environment: Mapping[str, str], console: Console) -> int:
    """Exit code 0: done; 1: refused, or something is wrong with it; 2: could not be done."""
    asked = _parser().parse_args(arguments)
    folder: Path = asked.folder

    if asked.command == "key":
        return make_backup_key(folder, console)

    def work() -> int:
        urls = _urls(environment)
        if asked.command == "erasures":
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return asyncio.run(_erasures(folder, urls, console))
        if asked.command == "take":
            keep = Keep(asked.keep, asked.keep_weeks) if asked.keep else None
            return backup_databases(folder, urls, asked.keys, named_recipient(None, environment), keep, console)
        return restore_databases(
            folder, urls, asked.keys, named_identity(None, environment), console, replace=asked.replace
        )

    return said(work, console, "Not done")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m onebox.backup", description="Backups by URLs of databases.")
    commands = parser.add_subparsers(dest="command", required=True)
    take = commands.add_parser("take", help="make a backup in a folder")
    erasures = commands.add_parser("erasures", help="only bring the list of who was erased up to date: often")
    restore = commands.add_parser("restore", help="bring a backup back, the newest of a folder or a certain one")
    key = commands.add_parser("key", help="make what backups are sealed for, and what opens them: FILE.pub and FILE")
    for command in (take, erasures, restore, key):
        command.add_argument("folder", type=Path, metavar="FILE" if command is key else "FOLDER")
    for command in (take, restore):
        command.add_argument("--keys", type=Path, help="the folder of the key files; without it they are left out")
    take.add_argument("--keep", type=_count, help="delete older backups than the newest so many")
    take.add_argument("--keep-weeks", type=_count, default=0, help="but keep the newest of each of so many weeks")
    restore.add_argument("--replace", action="store_true", help="throw away what is in the databases")
    return parser


async def _erasures(folder: Path, urls: Mapping[str, str], console: Console) -> int:
    new = 0
    for service, url in urls.items():
        async with opened(service, url) as db:
            new += await keep_erasures(db, service, folder)
    console.print(f"{new:,} erasures are new in the list")
    return DONE


def _urls(environment: Mapping[str, str]) -> dict[str, str]:
    told = dict(environment)
    try:
        if not told.get(VARIABLE) and (file := told.get(f"{VARIABLE}_FILE")):
            told[VARIABLE] = Path(file).read_text(encoding="utf-8")
        if not told.get(VARIABLE) and (folder := told.get(f"{VARIABLE}_FOLDER")):
            told[VARIABLE] = json.dumps({one.name: one.read_text(encoding="utf-8").strip() for one in _files(folder)})
        return database_urls(find_home(environment=environment), told)
    except (DatabasesUnknown, OSError) as error:
        raise BackupError(str(error)) from error


def _files(folder: str) -> list[Path]:
    # What begins with a dot is how Kubernetes swaps what it has mounted.
    return [one for one in sorted(Path(folder).iterdir()) if one.is_file() and not one.name.startswith(".")]


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return count


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], os.environ, Console(highlight=False, soft_wrap=True, emoji=False)))
