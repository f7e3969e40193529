"""`aiguy switch`: tools, channels and phases straight in the database, for the night when the console is down.

Every process of the orchestrator hears of a change at once; nothing has to run for it but Postgres.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
from rich.console import Console
from rich.markup import escape

from contracts.registry import CONTRACTS, find_contract
from orchestrator.switches.changing import Moved, Turned, move_phase, turn_switch
from orchestrator.switches.deciding import mode_of
from orchestrator.switches.desk import CHANNELS, checked_target, gates_of
from orchestrator.switches.policy import PhasePolicy, load_phases
from orchestrator.switches.state import PHASE, Change, Position, Switches, Target
from orchestrator.switches.store import latest_changes, read_switches
from servicekit import audit
from servicekit.auth.claims import Caller, Role
from servicekit.db.errors import CONNECT_ERRORS
from servicekit.db.pool import Connection
from servicekit.encoding import digest_of
from servicekit.errors import ProblemError

DONE, REFUSED, UNTRIED = 0, 1, 2
_SHOWN = 10
_TIMEOUT_S = 10.0
Work = Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class SwitchAsked:
    """What somebody wants switched, why, and who they are. `strange`: a tool that only a service's manifest names."""

    tool: str
    channel: str
    wanted: Position
    reason: str
    by: str
    strange: bool = False


def list_switches(url: str, console: Console) -> int:
    """Prints how everything stands. Returns 0, or 2 when the database did not answer."""

    async def show(db: Connection) -> None:
        policy, switches = load_phases(), await read_switches(db)
        await _show_phase(db, policy, switches, console)
        for name in CHANNELS:
            told = mode_of(policy, switches, name)
            own = switches.position(Target(channel=name))
            console.print(f"channel  {name:<10} {told.value}{'' if told is own else '  (by the phase)'}")
        for target, position in sorted(switches.positions.items()):
            if target.tool and position is not Position.ON:
                console.print(escape(f"tool     {target} is {position.value} since {_time(switches.since[target])}"))
        for one in await latest_changes(db, _SHOWN):
            console.print(escape(f"  {_time(one.at)}  {_told(one)}, by {one.by}: {one.reason}"))

    return _run(url, show, console)


def turn(url: str, asked: SwitchAsked, console: Console) -> int:
    """Turns a switch, audited. Returns 0, 1 when it was refused, 2 when the database did not answer."""

    async def work(db: Connection) -> None:
        names = tuple(one.name for one in CONTRACTS)
        contract = find_contract(asked.tool)
        name = contract.name if contract is not None else asked.tool
        target = checked_target(name, asked.channel, (*names, name) if asked.strange else names)
        async with db.transaction():
            stands = (await read_switches(db)).position(target)
            turned = Turned(target, stands, asked.wanted, asked.reason, asked.by)
            change = await turn_switch(db, turned)
            await _record(db, change, asked.by)
        _say(change, f"{target} is {asked.wanted.value} already", console)

    return _run(url, work, console)


def move(url: str, wanted: str, reason: str, by: str, console: Console, *, override: bool) -> int:
    """Moves to another phase, as `turn`."""

    async def work(db: Connection) -> None:
        policy = load_phases()
        async with db.transaction():
            seen = policy.phase((await read_switches(db)).phase).name
            asked = Moved(seen, wanted, reason, by, override)
            change = await move_phase(db, policy, asked, datetime.now(UTC))
            await _record(db, change, by)
        _say(change, f"the phase is {wanted} already", console)

    return _run(url, work, console)


def _run(url: str, work: Work, console: Console) -> int:
    try:
        asyncio.run(_over(url, work))
    except ProblemError as error:
        console.print(escape(f"Nothing was switched: {error.problem.detail}"))
        return REFUSED
    except (*CONNECT_ERRORS, asyncpg.PostgresError, TimeoutError) as error:
        console.print(escape(f"Nothing was switched: the database did not answer ({type(error).__name__})."))
        return UNTRIED
    return DONE


async def _over(url: str, work: Work) -> None:
    async with asyncio.timeout(_TIMEOUT_S):
        connection = await asyncpg.connect(url)
    try:
        await work(connection)
    finally:
        await connection.close(timeout=_TIMEOUT_S)


async def _record(db: Connection, change: Change | None, by: str) -> None:
    """Who has the database's password is known by the name that they give: the entry says that it came by this way."""
    if change is None:
        return
    caller = Caller(by, Role.STAFF, "command-line", frozenset(), 0.0, actor="aiguy switch")
    about = {"change": str(change.number), "target": str(change.target), "became": change.became}
    await audit.record(
        db, caller=caller, tool=f"switch_{change.became}" if change.target != PHASE else "switch_phase", outcome="ok",
        arguments_digest=digest_of(about), request_id="",
    )  # fmt: skip


async def _show_phase(db: Connection, policy: PhasePolicy, switches: Switches, console: Console) -> None:
    phase, gates = await gates_of(db, policy, switches, datetime.now(UTC))
    console.print(f"phase    {phase.name}  (of {', '.join(policy.phases)})")
    for name, gate in gates.items():
        for check in gate.checks:
            met = "met" if check.met else "not met"
            console.print(escape(f"  gate of {name}: {check.name} {check.found}, wanted {check.wanted}: {met}"))


def _say(change: Change | None, otherwise: str, console: Console) -> None:
    told = otherwise if change is None else f"{_told(change)}{' although its gate is not met' if change.unmet else ''}"
    console.print(escape(f"{told}."))


def _told(change: Change) -> str:
    return f"{change.target if change.target != PHASE else 'phase'}: {change.was} -> {change.became}"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
