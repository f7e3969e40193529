"""What staff look at: tools with their numbers, channels, the phase and its gates. Callers check who asks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.errors import ProblemCode
from contracts.registry import CONTRACTS, find_contract
from contracts.tools.retrieval import Channel
from orchestrator.switches.board import SwitchBoard
from orchestrator.switches.deciding import ALWAYS_ON, Switchable, Why, mode_of, why_not
from orchestrator.switches.gates import Judged, judge
from orchestrator.switches.measuring import Calls, calls_since, seen_since
from orchestrator.switches.policy import Phase, PhasePolicy
from orchestrator.switches.state import PHASE, Change, Position, Switches, Target
from orchestrator.switches.store import latest_changes, read_switches
from orchestrator.tools.catalog import Catalog
from orchestrator.tools.entry import ToolEntry
from servicekit.clock import Clock
from servicekit.db.pool import Connection, Database
from servicekit.errors import ProblemError

CHANNELS = tuple(one.value for one in Channel)
_LOOKED_AT = timedelta(hours=1)
#: A phase that nobody has ever moved to is judged by so many days.
_AT_MOST = timedelta(days=30)
_CHANGES = 20
_COUNTED_S = 60.0


@dataclass(frozen=True, slots=True)
class ToolStanding:
    """A tool: what is served, how it does, how its switches stand, and why it does not run where it does not.

    `entry` is None for a tool that nobody serves now; `trouble` says why, or why its manifest is not read.
    """

    name: str
    family: str
    entry: ToolEntry | None
    trouble: str
    breaker: str
    calls: Calls
    position: Position
    in_channels: Mapping[str, Position]
    why_not: Mapping[str, Why | None]
    since: datetime | None

    @property
    def has_switch(self) -> bool:
        """Whether it can be switched off: the way to a person cannot."""
        return self.name != ALWAYS_ON


@dataclass(frozen=True, slots=True)
class ChannelStanding:
    """A channel: its own switch, and how the assistant answers there."""

    name: str
    position: Position
    mode: Position


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything at one moment. `since` is when the phase began, `gates` are those of the phases behind it."""

    version: int
    tools: Sequence[ToolStanding]
    channels: Sequence[ChannelStanding]
    phases: Sequence[Phase]
    phase: Phase
    since: datetime | None
    gates: Mapping[str, Judged]
    changes: Sequence[Change]


@dataclass(slots=True)
class SwitchDesk:
    """Reads and knows what switches there are; changing them is `api/switching.py`'s. Weeks of turns are counted for a
    gate: pages that ask every few seconds get what was counted within the last minute.
    """

    database: Database
    board: SwitchBoard
    catalog: Catalog
    breakers: Callable[[], Mapping[str, str]]
    clock: Clock
    _judged: tuple[float, datetime | None, tuple[Phase, Mapping[str, Judged]]] | None = None

    async def registry(self) -> Registry:
        """All of it, as the database has it now."""
        now = self.clock.now()
        async with self.database.primary() as db:
            switches = await read_switches(db)
            calls = await calls_since(db, now - _LOOKED_AT)
            phase, gates = await self._gates(db, switches, now)
            changes = await latest_changes(db, _CHANGES)
        policy = self.board.policy
        return Registry(
            switches.version, [self._tool(name, switches, calls) for name in self.names()],
            [_channel(one, policy, switches) for one in CHANNELS], tuple(policy.phases.values()), phase,
            switches.since.get(PHASE), gates, changes,
        )  # fmt: skip

    async def stands(self, target: Target) -> Position:
        """How one switch stands now."""
        async with self.database.primary() as db:
            return (await read_switches(db)).position(target)

    def names(self) -> tuple[str, ...]:
        """Every tool that there is: those that are served, and those that should be."""
        return tuple(sorted({*self.catalog.entries(), *(one.name for one in CONTRACTS)}))

    def target(self, tool: str, channel: str) -> Target:
        """What is to be switched; a tool may be named by an alias. Raises as `checked_target`."""
        known = self.catalog.entry(tool) or find_contract(tool)
        return checked_target(known.name if known is not None else tool, channel, self.names())

    async def _gates(self, db: Connection, switches: Switches, now: datetime) -> tuple[Phase, Mapping[str, Judged]]:
        at, began = self.clock.monotonic(), switches.since.get(PHASE)
        if self._judged is not None and self._judged[1] == began and at - self._judged[0] < _COUNTED_S:
            return self._judged[2]
        found = await gates_of(db, self.board.policy, switches, now)
        self._judged = (at, began, found)
        return found

    def _tool(self, name: str, switches: Switches, calls: Mapping[str, Calls]) -> ToolStanding:
        entry, contract = self.catalog.entry(name), find_contract(name)
        family = entry.family if entry is not None else str(contract.family.value) if contract is not None else ""
        told = self.catalog.trouble_of(name, family)
        known = Switchable(name, write=False, proposed=False) if entry is None else self.catalog.switchable(entry)
        return ToolStanding(
            name, family, entry, told or ("" if entry is not None else "nobody serves it"),
            self.breakers().get(name, "closed"), calls.get(name, Calls()), switches.position(Target(name)),
            {one: switches.position(Target(name, one)) for one in CHANNELS},
            {one: why_not(self.board.policy, switches, known, one) for one in CHANNELS},
            switches.since.get(Target(name)),
        )  # fmt: skip


async def gates_of(
    db: Connection, policy: PhasePolicy, switches: Switches, now: datetime
) -> tuple[Phase, Mapping[str, Judged]]:
    """The phase that holds, and by name the phases behind it, judged by what was seen since it began."""
    phase, began = policy.phase(switches.phase), switches.since.get(PHASE)
    last = list(policy.phases)[-1]
    if phase.name == last:
        return phase, {}
    seen = await seen_since(db, max(began, now - _AT_MOST) if began else now - _AT_MOST)
    return phase, {one.name: judge(one, seen) for one in policy.between(phase.name, last)}


def checked_target(tool: str, channel: str, names: Sequence[str]) -> Target:
    """A target that there is a switch for. Raises INVALID_REQUEST without a name, NOT_FOUND for what has no switch."""
    if not tool and not channel:
        raise ProblemError(ProblemCode.INVALID_REQUEST, "Name a tool, a channel, or both.")
    if tool == ALWAYS_ON:
        raise ProblemError(ProblemCode.NOT_FOUND, "A person can always be reached: this has no switch.")
    if tool and tool not in names:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no tool of that name.")
    if channel and channel not in CHANNELS:
        raise ProblemError(ProblemCode.NOT_FOUND, f"There is no such channel: there are {', '.join(CHANNELS)}.")
    return Target(tool, channel)


def _channel(name: str, policy: PhasePolicy, switches: Switches) -> ChannelStanding:
    return ChannelStanding(name, switches.position(Target(channel=name)), mode_of(policy, switches, name))
