"""`aiguy contracts deprecations`: who still uses what is on its way out, and what may be removed."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from rich.console import Console
from rich.markup import escape

from contracts.registry import CONTRACTS, AnyContract
from contracts.tool import Deprecation
from servicekit.audit.usage import WINDOW, OldCalls, Usage, usage_at
from servicekit.db.errors import CONNECT_ERRORS


@dataclass(frozen=True, slots=True)
class Standing:
    """A deprecated argument: who gave it within the window, and why it must stay. Without a reason it may go."""

    users: tuple[OldCalls, ...]
    reasons: tuple[str, ...]


def standing(tool: str, deprecation: Deprecation, usage: Usage | None, today: date) -> Standing:
    """Whether the argument may be removed `today`; `usage` is None when nobody could be asked."""
    users = tuple(one for one in usage.old if (one.tool, one.argument) == (tool, deprecation.argument)) if usage else ()
    return Standing(users, tuple(_reasons(deprecation, usage, users, today)))


def show_deprecations(
    urls: Mapping[str, str], now: datetime, console: Console, contracts: tuple[AnyContract, ...] = CONTRACTS
) -> int:
    """Prints every deprecated argument and what may be done with it. 2 when a service's record could not be read."""
    outgoing = [(one, old) for one in contracts for old in one.deprecations]
    if not outgoing:
        console.print("No argument is deprecated.")
        return 0
    services = sorted({one.family.value for one, _ in outgoing})
    usages = asyncio.run(_usages({name: urls[name] for name in services if name in urls}, now))
    for contract, old in outgoing:
        _show(contract, old, standing(contract.name, old, usages.get(contract.family.value), now.date()), console)
    return 0 if all(name in usages for name in services) else 2


async def _usages(urls: Mapping[str, str], now: datetime) -> dict[str, Usage]:
    """By service; those that cannot be read are left out."""
    found = {}
    for service, url in urls.items():
        try:
            found[service] = await usage_at(url, now - WINDOW)
        except CONNECT_ERRORS:
            continue
    return found


def _reasons(deprecation: Deprecation, usage: Usage | None, users: tuple[OldCalls, ...], today: date) -> Iterator[str]:
    if today <= date.fromisoformat(deprecation.remove_after):
        yield f"it was promised to work until {deprecation.remove_after}"
    if users:
        yield f"it was used in the last {WINDOW.days} days"
    if usage is None:
        yield "its use is not known: the service's record could not be read"
    elif usage.recorded_since is None or usage.recorded_since > usage.since:
        since = f"{usage.recorded_since:%Y-%m-%d}" if usage.recorded_since else "today"
        yield f"its use is known since {since} only, and {WINDOW.days} quiet days are needed"


def _show(contract: AnyContract, old: Deprecation, found: Standing, console: Console) -> None:
    instead = f"use {old.replaced_by}" if old.replaced_by else "without a successor"
    console.print(escape(f"{contract.name} {old.argument}: deprecated since {old.since}, {instead}"))
    for user in found.users:
        console.print(escape(f"  {user.client!r} used it {user.calls:,} times in the last {WINDOW.days} days"))
    if old.removed:
        console.print("  is removed: a call that gives it is refused, and told what to use")
    elif found.reasons:
        console.print(escape(f"  must stay: {'; '.join(found.reasons)}"))
    else:
        console.print("  may be removed: set `removed=True` in its contract")
