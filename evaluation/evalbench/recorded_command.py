"""`run.py sample` and `run.py add-case`: what a running stack has kept, for a person to grade or to finish."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evalbench.corpus import CASES
from evalbench.recorded import NotRecorded, Records, to_case, to_grade
from onebox.audit_databases import DatabasesUnknown, database_urls
from onebox.gaps_command import time_span
from onebox.home import find_home
from onebox.keys import ORCHESTRATOR, KeyFiles
from servicekit.crypto import Keyring
from servicekit.db.errors import CONNECT_ERRORS
from servicekit.privacy.finder import Finder

COMMANDS = ("sample", "add-case")
MOST = 100


def told_by(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    sample = commands.add_parser("sample", help=f"at most {MOST} real conversations, to grade them")
    sample.add_argument("--since", type=time_span, default=timedelta(days=7), metavar="SPAN", help="30d, 12h (7d)")
    add = commands.add_parser("add-case", help="a conversation as a case, for you to finish")
    add.add_argument("conversation")
    add.add_argument("--into", type=Path, default=CASES, help="the folder of the draft (evaluation/cases)")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Prints or writes. 0; 2 when there is nothing to read or nobody to ask."""
    told = told_by(arguments)
    try:
        home = find_home()
        records = Records(
            database_urls(home)[ORCHESTRATOR], Keyring.load(KeyFiles(home.keys).master(ORCHESTRATOR)), Finder.load()
        )
        if told.command == "sample":
            print(to_grade(asyncio.run(records.sample(datetime.now(UTC) - told.since, MOST))), end="")
        else:
            print(add_case(records, told.conversation, told.into))
    except (DatabasesUnknown, NotRecorded, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except CONNECT_ERRORS as error:
        print(f"the orchestrator's database cannot be asked ({type(error).__name__})", file=sys.stderr)
        return 2
    return 0


def add_case(records: Records, conversation_id: str, into: Path) -> Path:
    """The draft's path. It is not read as a case before its name ends in `.yaml`. Raises NotRecorded, OSError."""
    name = f"recorded-{conversation_id.rpartition('_')[2][:8].lower()}"
    draft = into / f"{name}.yaml.draft"
    text = to_case(asyncio.run(records.one(conversation_id)), name)
    with draft.open("x", encoding="utf-8") as file:
        file.write(text)
    return draft
