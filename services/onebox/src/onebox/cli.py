"""The command `aiguy`: everything that a person does with one machine's stack."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from contracts.tools.retrieval import Channel
from onebox.audit import show_chains
from onebox.audit_databases import DatabasesUnknown, database_urls
from onebox.backup.command import (
    backup_databases,
    make_backup_key,
    named_identity,
    named_recipient,
    restore_here,
    said,
)
from onebox.backup.folder import Keep
from onebox.chat import chat as hold_chat
from onebox.contracts_usage import show_deprecations
from onebox.demo.local import run_local_demo
from onebox.demo.run import run_demo
from onebox.door_parts import provide_parts
from onebox.escalation_command import Tuning, export_turns, tune_thresholds
from onebox.gaps_command import GapQuery, show_gaps, time_span
from onebox.home import DEMO, Home, find_home
from onebox.ingest import ingest_with_progress
from onebox.keys import KIM, KeyFiles
from onebox.keys_command import retire_key, rewrap_keys, rotate_keys
from onebox.local_llm.option import Llm, local_llm
from onebox.ports import ORCHESTRATOR
from onebox.privacy_command import erase_customer, export_customer
from onebox.receipt_command import show_receipt
from onebox.replay_cli import replay_turns
from onebox.report import ConsoleReport
from onebox.running import run_until_signal
from onebox.stack import Stack
from onebox.status import show_status
from onebox.switch_cli import switch
from onebox.up import run_up
from onebox.usage_command import show_usage
from orchestrator.confidence.tuning import DEFAULT_TARGET
from retrieval.ingest import INTERRUPTED
from retrieval.sources.choose import Asked
from retrieval.sources.settings import IngestSettings
from retrieval.sources.vouched import Vouched

app = typer.Typer(
    help="AIGuy Support Agent on one machine: no Docker, no API key.", no_args_is_help=True, add_completion=False
)


audit = typer.Typer(help="The record of what was done.", no_args_is_help=True)
contracts = typer.Typer(help="What the services promise each other.", no_args_is_help=True)
escalation = typer.Typer(help="When the assistant is not sure enough.", no_args_is_help=True)
kb = typer.Typer(help="The knowledge base.", no_args_is_help=True)
keys = typer.Typer(help="The master keys: what is stored is sealed with them.", no_args_is_help=True)
privacy = typer.Typer(help="What is kept of a customer: give it out, or erase it.", no_args_is_help=True)
receipt = typer.Typer(help="Signed receipts of refunds.", no_args_is_help=True)
app.add_typer(audit, name="audit")
app.add_typer(contracts, name="contracts")
app.add_typer(escalation, name="escalation")
app.add_typer(kb, name="kb")
app.add_typer(keys, name="keys")
app.add_typer(privacy, name="privacy")
app.add_typer(receipt, name="receipt")
app.add_typer(switch, name="switch")
app.command(name="replay")(replay_turns)


def _console() -> Console:
    # Without emoji: `kb:abc:` is a name of ours, and no picture.
    return Console(highlight=False, soft_wrap=True, emoji=False)


def _aside() -> Console:
    # What is told of a failure must not end up in a file of rows or JSON.
    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def _running(home: Home) -> str:
    """URL of the running orchestrator; ends the command when there is none."""
    state = home.read_running()
    if state is None:
        _aside().print("Nothing runs here. Start it with: make up")
        raise typer.Exit(1)
    return str(state["urls"][ORCHESTRATOR])


def _running_demo(home: Home) -> str:
    """URL of the running orchestrator, which believes the demo's persons; ends the command when there is none such."""
    url, site = _running(home), (home.read_running() or {}).get("site")
    if site is not None:
        _aside().print(escape(f"This stack serves {site}, where the demo's persons are unknown: ask as its own staff."))
        raise typer.Exit(1)
    return url


def _databases() -> dict[str, str]:
    """The databases by service; ends the command when nobody says where they are."""
    try:
        return database_urls(find_home())
    except DatabasesUnknown as error:
        _aside().print(escape(str(error)))
        raise typer.Exit(2) from error


def _span(since: str | None) -> timedelta | None:
    """`--since` as a time span; ends the command when it is none."""
    try:
        return None if since is None else time_span(since)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from error


@app.command()
def up(llm: Llm = None) -> None:
    """Start everything and leave it running; Ctrl-C stops it."""
    console = _console()
    report = ConsoleReport(console)
    console.print("\n  [bold]AIGuy Support Agent[/] on this machine\n")
    model = local_llm(report) if llm else None
    provide_parts(report)
    stack = Stack(find_home(), report, llm=model)
    sys.exit(run_until_signal(run_up(stack, report, console), lambda name: console.print(f"\n  {name}: stopping …")))


@app.command()
def demo(llm: Llm = None) -> None:
    """Start a stack of its own, hold the demo conversations, print a verdict, stop."""
    console, home = _console(), find_home(DEMO)
    main = run_local_demo(home, console, local_llm(ConsoleReport(console))) if llm else run_demo(home, console)
    sys.exit(run_until_signal(main, lambda name: console.print(f"\n  {name}: stopping …"), interrupted=130))


@app.command()
def chat(who: Annotated[Literal["ada", "ben", "guest"], typer.Option(help="Who you are.")] = "ada") -> None:
    """Talk to the running stack."""
    console = _console()
    url = _running_demo(find_home())
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
    _running(home)
    raise typer.Exit(show_status(home, console))


@app.command()
def usage(as_json: Annotated[bool, typer.Option("--json", help="Print all that is known, as JSON.")] = False) -> None:
    """Say what the models cost this month, and what it will come to. Exit code 1: nothing runs; 2: could not ask."""
    console, home = _console(), find_home()
    url, token = _running_demo(home), KeyFiles(home.keys).demo_token(KIM)
    raise typer.Exit(show_usage(url, token, console, as_json=as_json))


@app.command(name="ingest")
def ingest_pages(
    target: Annotated[
        str,
        typer.Argument(
            metavar="PATH_OR_URL", help="A folder, a file, a sitemap, the root of a site, or the word wordpress."
        ),
    ],
    reviewed: Annotated[
        bool, typer.Option("--reviewed/--unreviewed", help="You vouch for it; others are stored, not found.")
    ] = True,
    policy: Annotated[bool, typer.Option("--policy", help="These are policies: returns, warranty …")] = False,
    tag: Annotated[list[str] | None, typer.Option(help="A product tag; may be repeated.")] = None,
    channel: Annotated[list[Channel] | None, typer.Option(help="Where it may be shown; may be repeated.")] = None,
    ttl_days: Annotated[int | None, typer.Option(min=1, help="Leave it out so long after it was updated.")] = None,
    source: Annotated[str | None, typer.Option(help="The name of this set; else after the folder or site.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Where the files are published; else cited by title.")] = None,
    keep_missing: Annotated[bool, typer.Option("--keep-missing", help="Do not delete what is gone.")] = False,
    below: Annotated[list[str] | None, typer.Option(metavar="PATH", help="Only pages below this path.")] = None,
    allow_host: Annotated[list[str] | None, typer.Option(help="Another host that pages may be on.")] = None,
    allow_private: Annotated[
        list[str] | None, typer.Option(metavar="CIDR", help="A private network that may be read, such as 10.1.0.0/16.")
    ] = None,
    max_pages: Annotated[int, typer.Option(min=1, help="Of a site.")] = 2000,
    interval: Annotated[float, typer.Option(min=0, help="Seconds between two requests to a site.")] = 1.0,
    quick: Annotated[bool, typer.Option("--quick", help="Do not wait for the deep vectors.")] = False,
) -> None:
    """Bring help pages into the knowledge base of the running stack. Exit code 1: some were refused; 2: not done."""
    console = _console()
    url = _databases()["retrieval"]
    vouched = Vouched(reviewed, tuple(tag or ()), tuple(channel or Channel), ttl_days, policy)
    asked = Asked(
        target, vouched, source, base_url, keep_missing, tuple(allow_host or ()), tuple(below or ()),
        tuple(allow_private or ()), max_pages, interval,
    )  # fmt: skip
    work = ingest_with_progress(asked, IngestSettings(database_url=url), console, deepen=not quick)
    stopped = "[bold]{}[/]: stopping. What was stored until now stays; run it again to go on."
    sys.exit(run_until_signal(work, lambda name: console.print(stopped.format(name)), interrupted=INTERRUPTED))


_WithoutKeys = Annotated[bool, typer.Option("--without-keys", help="The keys are kept elsewhere.")]


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Where backups are kept, each in a folder of its own.")],
    keep: Annotated[int | None, typer.Option(min=1, help="Delete older ones than the newest so many.")] = None,
    keep_weeks: Annotated[int, typer.Option(min=0, help="But keep the newest of each of so many weeks.")] = 0,
    recipient_file: Annotated[
        Path | None, typer.Option(help="Whom it is sealed for (`aiguy keys backup`); else AIGUY_BACKUP_RECIPIENT_FILE.")
    ] = None,
    without_keys: _WithoutKeys = False,
) -> None:
    """Take a backup of the running stack. Exit code 1: refused, or a chain is broken; 2: could not be taken."""
    console, home = _console(), find_home()

    def work() -> int:
        kept = Keep(keep, keep_weeks) if keep else None
        keys = None if without_keys else home.keys
        return backup_databases(folder, _databases(), keys, named_recipient(recipient_file), kept, console)

    raise typer.Exit(said(work, console, "No backup was made"))


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="A backup, or the folder of backups: the newest is taken.")],
    replace: Annotated[bool, typer.Option("--replace", help="Throw away the data and keys that are here.")] = False,
    identity_file: Annotated[
        Path | None, typer.Option(help="The key that opens the backup; else AIGUY_BACKUP_IDENTITY_FILE.")
    ] = None,
    without_keys: _WithoutKeys = False,
) -> None:
    """Bring a backup back while nothing runs. Exit code 1: refused, or something is wrong with it; 2: not done."""
    console, home = _console(), find_home()

    def work() -> int:
        identity = named_identity(identity_file)
        return restore_here(home, folder, identity, console, replace=replace, without_keys=without_keys)

    raise typer.Exit(said(work, console, "Nothing was restored"))


@audit.command("verify")
def audit_verify(
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Compare with this file, and renew it when all is good. Kept elsewhere, it shows cut tails."),
    ] = None,
) -> None:
    """Verify every chain: conversations, refunds, tool calls. Exit code 1: one is broken; 2: could not look."""
    console = _console()
    raise typer.Exit(show_chains(_databases(), checkpoint, console))


@contracts.command("deprecations")
def contracts_deprecations() -> None:
    """Say which arguments are on their way out, who still uses them, and which may be removed."""
    console = _console()
    raise typer.Exit(show_deprecations(_databases(), datetime.now(UTC), console))


@escalation.command("tune")
def escalation_tune(
    data: Annotated[Path, typer.Option(help="Labelled turns: one JSON object a line.")],
    target: Annotated[
        float, typer.Option(min=1e-6, max=0.5, help="How many of the answers given may be wrong, as a share.")
    ] = DEFAULT_TARGET,
    policy: Annotated[Path | None, typer.Option(help="The policy file; else the one that ships.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the thresholds that the labels carry.")] = False,
    accept_bound: Annotated[
        bool, typer.Option("--accept-bound", help="With --write: take a threshold although it misses the target.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all that is known, as JSON.")] = False,
) -> None:
    """Find thresholds in labelled turns. Exit code 1: the labels carry no claim of the target; 2: cannot be read."""
    asked = Tuning(data, target, policy, write, accept_bound, as_json)
    raise typer.Exit(tune_thresholds(asked, datetime.now(UTC).date(), _console()))


@escalation.command("export")
def escalation_export(
    since: Annotated[str | None, typer.Option(metavar="SPAN", help="30d, 12h: within that time.")] = None,
) -> None:
    """Print judged turns as rows to label, without a word of what was said. Exit code 2: could not ask."""
    console, span = _console(), _span(since)
    url = _databases()["orchestrator"]
    raise typer.Exit(asyncio.run(export_turns(url, span, datetime.now(UTC), console)))


@kb.command("gaps")
def kb_gaps(
    since: Annotated[str | None, typer.Option(metavar="SPAN", help="30d, 12h: asked within that time.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many groups at most.")] = 20,
    outline: Annotated[str | None, typer.Option(metavar="ID", help="Print the drafted article of this gap.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all that is known, as JSON.")] = False,
) -> None:
    """List questions that had no good answer. Exit code 1: nothing runs, or no such draft; 2: could not ask."""
    console, home, span = _console(), find_home(), _span(since)
    url, token = _running_demo(home), KeyFiles(home.keys).demo_token(KIM)
    raise typer.Exit(show_gaps(url, token, GapQuery(span, limit, outline, as_json), datetime.now(UTC), console))


@keys.command("rotate")
def keys_rotate(
    name: Annotated[str | None, typer.Option(metavar="ID", help="Of the new keys; else the next of k2, k3 …")] = None,
) -> None:
    """Make fresh master keys the active ones. Nothing has to stop for it, and nothing stored is changed."""
    raise typer.Exit(rotate_keys(KeyFiles(find_home().keys), name, _console()))


@keys.command("rewrap")
def keys_rewrap() -> None:
    """Wrap all data keys anew under the active master keys, while everything serves."""
    console = _console()
    raise typer.Exit(rewrap_keys(_databases(), KeyFiles(find_home().keys), console))


@keys.command("retire")
def keys_retire(name: Annotated[str, typer.Argument(metavar="ID", help="Of the old key, such as k1.")]) -> None:
    """Take an old master key out of the files. Exit code 1: something is still sealed with it; 2: could not look."""
    console = _console()
    raise typer.Exit(retire_key(_databases(), KeyFiles(find_home().keys), name, console))


@keys.command("backup")
def keys_backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where it goes; FILE.pub is beside.")],
) -> None:
    """Make a key for backups: FILE opens them, and is kept elsewhere; they are sealed for FILE.pub."""
    raise typer.Exit(make_backup_key(file, _console()))


_Customer = Annotated[str, typer.Option(metavar="ID", help="The customer, as their shop names them in its tokens.")]


@privacy.command(name="export")
def privacy_export(customer: _Customer) -> None:
    """Print all that is kept of a customer as JSON, in all services.

    Exit code 1: some is missing, or nothing runs; 2: could not ask.
    """
    url, token = _running_demo(find_home()), KeyFiles(find_home().keys).demo_token(KIM)
    raise typer.Exit(export_customer(url, token, customer, _console()))


@privacy.command(name="erase")
def privacy_erase(
    customer: _Customer,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be undone.")] = False,
) -> None:
    """Erase a customer from conversations, tickets and notes; orders, invoices and refunds are kept by law.

    Exit code 1: not everywhere yet, or nothing runs; 2: not done.
    """
    if not yes and not typer.confirm(f"Erase all conversations and tickets of {customer}? This cannot be undone"):
        raise typer.Exit(1)
    url, token = _running_demo(find_home()), KeyFiles(find_home().keys).demo_token(KIM)
    raise typer.Exit(erase_customer(url, token, customer, _console()))


@receipt.command("verify")
def receipt_verify(
    source: Annotated[str, typer.Argument(metavar="FILE_OR_URL", help="The receipt, or the link to it.")],
    keys: Annotated[
        str | None, typer.Option(metavar="FILE_OR_URL", help="Public keys (JWKS); without it those of this machine.")
    ] = None,
) -> None:
    """Say whether a receipt is genuine, and what it says. Exit code 1: it is not; 2: could not find out."""
    raise typer.Exit(show_receipt(source, keys, KeyFiles(find_home().keys), _console()))


def main() -> None:
    """Entry point."""
    app()
