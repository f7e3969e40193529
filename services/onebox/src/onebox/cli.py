"""The command `aiguy`: everything that a person does with one machine's stack."""

import sys
from typing import Annotated, Literal

import httpx
import typer
from rich.console import Console

from onebox.chat import chat as hold_chat
from onebox.demo.run import run_demo
from onebox.home import Home, find_home
from onebox.ports import ORCHESTRATOR
from onebox.report import ConsoleReport
from onebox.running import run_until_signal
from onebox.stack import Stack
from onebox.status import show_status
from onebox.up import run_up

app = typer.Typer(
    help="AIGuy Support Agent on one machine: no Docker, no API key.", no_args_is_help=True, add_completion=False
)


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


def _running(home: Home, console: Console) -> str:
    """URL of the running orchestrator; ends the command when there is none."""
    state = home.read_running()
    if state is None:
        console.print("Nothing runs here. Start it with: make up")
        raise typer.Exit(1)
    return str(state["urls"][ORCHESTRATOR])


@app.command()
def up() -> None:
    """Start everything and leave it running; Ctrl-C stops it."""
    console = _console()
    report = ConsoleReport(console)
    console.print("\n  [bold]AIGuy Support Agent[/] on this machine\n")
    stack = Stack(find_home(), report)
    sys.exit(run_until_signal(run_up(stack, report, console), lambda name: console.print(f"\n  {name}: stopping …")))


@app.command()
def demo() -> None:
    """Start a stack of its own, hold the demo conversations, print a verdict, stop."""
    console = _console()
    main = run_demo(find_home("demo"), console)
    sys.exit(run_until_signal(main, lambda name: console.print(f"\n  {name}: stopping …"), interrupted=130))


@app.command()
def chat(who: Annotated[Literal["ada", "ben", "guest"], typer.Option(help="Who you are.")] = "ada") -> None:
    """Talk to the running stack."""
    console = _console()
    url = _running(find_home(), console)
    try:
        hold_chat(url, who, console)
    except (KeyboardInterrupt, EOFError):
        console.print()
    except httpx.HTTPError as error:
        console.print(f"{url} cannot be reached ({type(error).__name__}). Does `make up` still run?")
        raise typer.Exit(1) from error


@app.command()
def status() -> None:
    """Say what runs, where, and whether it is ready."""
    console = _console()
    home = find_home()
    _running(home, console)
    raise typer.Exit(show_status(home, console))


def main() -> None:
    """Entry point."""
    app()
