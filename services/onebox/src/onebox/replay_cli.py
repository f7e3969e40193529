"""The command `aiguy replay`: its options, and what they may be."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from onebox.audit_databases import DatabasesUnknown, database_urls
from onebox.fork_brains import brain_settings, read_settings
from onebox.fork_options import read_forks
from onebox.home import find_home
from onebox.keys import KeyFiles
from onebox.ports import ORCHESTRATOR
from onebox.replay_command import UNTRIED, Asked, show_fork, show_replay
from orchestrator.replay.refusing import ForkRefused
from servicekit.crypto import Keyring

_DAY = "YYYY-MM-DD"
_FORK = (
    "What would have been with another one; any number of them combine. policy=FILE: of refunds, escalation or limits."
    " prompt=FILE: the planner's or the writer's, by the file's name. brain=offline, or brain=provider/model with"
    " AIGUY_LLM_API_KEY. tool=NAME:FILE: what the tool answers, as JSON; tool=NAME:off: it is switched off."
)


def replay_turns(
    turn: Annotated[str | None, typer.Argument(help="The turn's id.")] = None,
    conversation: Annotated[str | None, typer.Option(metavar="ID", help="All turns of this conversation.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar=_DAY, help="Turns that began on this day (UTC) or later.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar=_DAY, help="The last day; else today.")] = None,
    fork: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT=OTHER", help=_FORK),
    ] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show personal data instead of tokens.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each turn.")] = False,
) -> None:
    """Run recorded turns again, without I/O but that of a forked model. Exit code 1: one decides otherwise; 2: unknown
    or unreadable.
    """
    if sum(one is not None for one in (turn, conversation, since)) != 1:
        raise typer.BadParameter("one of TURN, --conversation and --since is needed")
    if until is not None and since is None:
        raise typer.BadParameter("--until goes with --since", param_hint="--until")
    today = datetime.now(UTC).date()
    asked = Asked(
        turn, conversation, None if since is None else _begin(_day(since, "--since")),
        None if since is None else _begin((_day(until, "--until") if until else today) + timedelta(days=1)),
        reveal, as_json,
    )  # fmt: skip
    aside, home = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False), find_home()
    try:
        forks = read_forks(fork or [])
        if forks.asks_a_brain:
            brain_settings(forks, read_settings())
        urls = database_urls(home)
        url = urls[ORCHESTRATOR]
        keyring = Keyring.load(KeyFiles(home.keys).master(ORCHESTRATOR))
    except KeyError as error:
        aside.print("The orchestrator's database is not among those that were named.")
        raise typer.Exit(UNTRIED) from error
    except ForkRefused as error:
        raise _refused(error, aside) from error
    except DatabasesUnknown as error:
        aside.print(escape(str(error)))
        raise typer.Exit(UNTRIED) from error
    except (OSError, ValueError) as error:
        aside.print(escape(f"The master key cannot be read ({type(error).__name__}). Was `make up` ever run here?"))
        raise typer.Exit(UNTRIED) from error
    console = Console(highlight=False, soft_wrap=True, emoji=False)
    if fork:
        try:
            code = asyncio.run(show_fork(url, urls.get("billing"), keyring, asked, forks, console))
        except ForkRefused as error:
            raise _refused(error, aside) from error
        raise typer.Exit(code)
    raise typer.Exit(asyncio.run(show_replay(url, keyring, asked, console)))


def _refused(error: ForkRefused, aside: Console) -> typer.Exit:
    aside.print(escape(f"{error} ({error.code.value})"))
    return typer.Exit(UNTRIED)


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("a day such as 2026-11-23 is needed", param_hint=option) from error


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
