"""Changing a switch or the phase in the caller's transaction, once for the API, the console and the command line."""

from dataclasses import dataclass
from datetime import datetime

from contracts.errors import ProblemCode
from orchestrator.switches.desk import gates_of
from orchestrator.switches.policy import PhasePolicy
from orchestrator.switches.state import Change, Position, Target
from orchestrator.switches.store import hold_switches, read_switches, set_phase, set_position
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError


@dataclass(frozen=True, slots=True)
class Turned:
    """A switch that somebody wants turned: how they saw it, how they want it, why, and who they are."""

    target: Target
    seen: Position
    wanted: Position
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A phase that somebody wants: which one they saw, and whether they go on when its gate is not met."""

    seen: str
    wanted: str
    reason: str
    by: str
    override: bool = False


async def turn_switch(db: Connection, asked: Turned) -> Change | None:
    """What was changed; None when it stands so already. Raises NOT_FOUND, or CONFLICT as `set_position` does."""
    if asked.wanted is Position.SHADOW and asked.target.tool:
        raise ProblemError(ProblemCode.NOT_FOUND, "A tool has no shadow mode: that is for a whole channel.")
    switches = await hold_switches(db)
    return await set_position(db, switches, asked.target, asked.seen, asked.wanted, asked.reason, asked.by)


async def move_phase(db: Connection, policy: PhasePolicy, asked: Moved, now: datetime) -> Change | None:
    """As `turn_switch`, for the phase. Raises CONFLICT too when a gate on the way is not met, without an override."""
    if asked.wanted not in policy.phases:
        raise ProblemError(ProblemCode.NOT_FOUND, f"There is no such phase: there are {', '.join(policy.phases)}.")
    # Before anything is held: while somebody counts turns, writes still begin.
    phase, gates = await gates_of(db, policy, await read_switches(db), now)
    entered = policy.between(phase.name, asked.wanted)
    unmet = [f"{one.name}: {check}" for one in entered for check in gates[one.name].unmet]
    if unmet and not asked.override and phase.name == asked.seen:
        raise ProblemError(
            ProblemCode.CONFLICT,
            f"The gate is not met ({'; '.join(unmet)}). Move on all the same only with an override.",
        )
    stands = policy.phase((await hold_switches(db)).phase).name
    return await set_phase(db, stands, asked.seen, asked.wanted, asked.reason, asked.by, unmet)
