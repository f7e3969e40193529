"""`aiguy audit verify`: do all chains of the stack hold? Databases are only read, and nothing has to stop for it."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from billing.refunds.verify import REFUNDS
from onebox.ports import ORCHESTRATOR, TOOL_SERVICES
from orchestrator.journal.verify import JOURNAL
from servicekit.audit import AUDIT
from servicekit.chain import Heads, Ledger, Report
from servicekit.chain.checkpoint import CheckpointUnread, read_checkpoint, write_checkpoint
from servicekit.chain.command import lines_of, verify_at
from servicekit.db.errors import CONNECT_ERRORS

#: What is chained in which service's database.
LEDGERS: tuple[tuple[str, Ledger], ...] = (
    (ORCHESTRATOR, JOURNAL),
    (ORCHESTRATOR, AUDIT),
    ("billing", REFUNDS),
    *((service, AUDIT) for service in TOOL_SERVICES),
)
GOOD, BROKEN, UNTRIED = 0, 1, 2
_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of one ledger; `report` is None when it could not be read, and `why` says so."""

    name: str
    report: Report | None
    why: str = ""


def show_chains(urls: Mapping[str, str], checkpoint: Path | None, console: Console) -> int:
    """Verifies the chains of the services in `urls`; renews `checkpoint` when all is good.

    Returns 0, 1 when a chain is broken, 2 when something could not be looked at.
    """
    try:
        known = read_checkpoint(checkpoint) if checkpoint else {}
    except CheckpointUnread as error:
        console.print(escape(f"{error}."))
        return UNTRIED
    found = asyncio.run(_verify(urls, known))
    found += [Verified(name, None, "is in the checkpoint, and was not looked at") for name in _missed(known, urls)]
    for one in found:
        _show(one, console)
    console.print(f"VERDICT: {_sentence(found)}")
    verdict = _verdict(found)
    if checkpoint is None or verdict != GOOD:
        return verdict
    return _renew(checkpoint, {one.name: one.report.heads for one in found if one.report}, known, console)


def _renew(file: Path, heads: Mapping[str, Heads], known: Mapping[str, Heads], console: Console) -> int:
    try:
        write_checkpoint(file, heads)
    except OSError as error:
        console.print(escape(f"The checkpoint {file} could not be written ({error.strerror})."))
        return UNTRIED
    new = "" if known else " There was none before: what was cut off earlier does not show."
    console.print(escape(f"Checkpoint written to {file}.{new} Keep it away from the databases."))
    return GOOD


async def _verify(urls: Mapping[str, str], known: Mapping[str, Heads]) -> list[Verified]:
    found = []
    for service, ledger, name in _named(urls):
        try:
            found.append(Verified(name, await verify_at(urls[service], ledger, known.get(name))))
        except CONNECT_ERRORS as error:
            found.append(Verified(name, None, f"could not be read ({type(error).__name__})"))
    return found


def _named(urls: Mapping[str, str]) -> Iterator[tuple[str, Ledger, str]]:
    return ((service, ledger, f"{service} {ledger.name}") for service, ledger in LEDGERS if service in urls)


def _missed(known: Mapping[str, object], urls: Mapping[str, str]) -> list[str]:
    return sorted(known.keys() - {name for _, _, name in _named(urls)})


def _show(one: Verified, console: Console) -> None:
    if one.report is None:
        console.print(escape(f"  {one.name}: {one.why}"))
        return
    *broken, last = lines_of(one.name, one.report)
    for line in broken[:_MOST_LINES]:
        console.print(escape(f"  {line}"))
    if len(broken) > _MOST_LINES:
        console.print(escape(f"  {one.name}: and {len(broken) - _MOST_LINES:,} more broken chains"))
    console.print(escape(f"  {last}"))


def _verdict(found: list[Verified]) -> int:
    if any(one.report and one.report.breaks for one in found):
        return BROKEN
    return UNTRIED if any(one.report is None for one in found) else GOOD


def _sentence(found: list[Verified]) -> str:
    reports = [one.report for one in found if one.report]
    entries, chains = sum(one.entries for one in reports), sum(len(one.heads) for one in reports)
    seconds, broken = sum(one.seconds for one in reports), sum(len(one.breaks) for one in reports)
    looked = f"{entries:,} entries in {chains:,} chains, {seconds:.1f} s"
    untried = sum(1 for one in found if one.report is None)
    rest = f"; {untried} of {len(found)} tables could not be looked at" if untried else ""
    return (f"{broken} chains are BROKEN" if broken else "no broken chain" if untried else "all chains hold") + (
        f" ({looked}){rest}"
    )
