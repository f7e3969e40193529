"""The commands `aiguy switch …`, as typer reads them."""

import getpass
from typing import Annotated

import typer
from rich.console import Console

from contracts.tools.retrieval import Channel
from onebox.audit_databases import DatabasesUnknown, database_urls
from onebox.home import find_home
from onebox.switch_command import UNTRIED, SwitchAsked, list_switches, move, turn
from orchestrator.switches.state import Position

switch = typer.Typer(help="Tools, channels and phases: on, off, shadow mode.", no_args_is_help=True)
Tool = Annotated[str, typer.Argument(metavar="[TOOL]", help="Such as issue_refund; none for a whole channel.")]
In = Annotated[Channel | None, typer.Option("--channel", help="Only in this channel.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for your colleagues.", prompt="Why")]
By = Annotated[str, typer.Option("--by", default_factory=getpass.getuser, help="Who you are; else your login's name.")]
Strange = Annotated[bool, typer.Option("--unknown", help="A tool that only a service's manifest names.")]


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True, emoji=False)


def _url(console: Console) -> str:
    try:
        return database_urls(find_home())["orchestrator"]
    except DatabasesUnknown as error:
        console.print(str(error), markup=False)
    except KeyError:
        console.print("The list of databases names none for the orchestrator.")
    raise typer.Exit(UNTRIED)


def _turn(tool: str, channel: Channel | None, wanted: Position, reason: str, by: str, *, strange: bool = False) -> None:
    console = _console()
    asked = SwitchAsked(tool, channel.value if channel else "", wanted, reason, by, strange)
    raise typer.Exit(turn(_url(console), asked, console))


@switch.command("list")
def switch_list() -> None:
    """Say how everything stands, what the next gates ask, and what was switched last. Exit code 2: could not look."""
    console = _console()
    raise typer.Exit(list_switches(_url(console), console))


@switch.command("off")
def switch_off(reason: Reason, by: By, tool: Tool = "", channel: In = None, unknown: Strange = False) -> None:
    """Switch a tool or a channel off, at once and everywhere. Exit code 1: refused; 2: not done."""
    _turn(tool, channel, Position.OFF, reason, by, strange=unknown)


@switch.command("on")
def switch_on(reason: Reason, by: By, tool: Tool = "", channel: In = None, unknown: Strange = False) -> None:
    """Switch it on again. Exit code 1: refused; 2: not done."""
    _turn(tool, channel, Position.ON, reason, by, strange=unknown)


@switch.command("shadow")
def switch_shadow(channel: Annotated[Channel, typer.Argument()], reason: Reason, by: By) -> None:
    """Shadow mode for a channel: drafts go to staff, nothing is changed. Exit code 1: refused; 2: not done."""
    _turn("", channel, Position.SHADOW, reason, by)


@switch.command("phase")
def switch_phase(
    name: Annotated[str, typer.Argument(help="faq, orders, tickets, refunds or channels.")], reason: Reason, by: By,
    override: Annotated[bool, typer.Option("--override", help="Although the gate is not met.")] = False,
) -> None:  # fmt: skip
    """Move the roll-out on or back. Exit code 1: refused, such as by a gate that is not met; 2: not done."""
    console = _console()
    raise typer.Exit(move(_url(console), name, reason, by, console, override=override))
