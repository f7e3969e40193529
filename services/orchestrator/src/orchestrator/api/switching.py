"""Switching tools, channels and phases, once for the JSON API and the console: checked, and audited in the same
transaction.
"""

from dataclasses import dataclass

from orchestrator.api.auditing import record_step
from orchestrator.api.deps import Desk, check_may
from orchestrator.switches.changing import Moved, Turned, move_phase, turn_switch
from orchestrator.switches.desk import SwitchDesk
from orchestrator.switches.state import Change, Position
from servicekit.auth.claims import Caller

SWITCH_SCOPE = "tools:switch"
SWITCH_REFUSAL = "Only admins may switch tools, channels and phases."


@dataclass(frozen=True, slots=True)
class SwitchAsked:
    """A switch as a client names it; "" stands for every tool, or every channel."""

    tool: str
    channel: str
    seen: Position
    wanted: Position
    reason: str


async def switch(desk: Desk, switches: SwitchDesk, caller: Caller, asked: SwitchAsked) -> Change | None:
    """Turn a switch; it holds in this process at once, and in the others as soon as they hear of it.

    None when it stood so already. Raises 403 for who may not, NOT_FOUND for what has no switch, CONFLICT when a
    colleague has turned it meanwhile.
    """
    check_may(caller, SWITCH_SCOPE, SWITCH_REFUSAL)
    target = switches.target(asked.tool, asked.channel)
    turned = Turned(target, asked.seen, asked.wanted, asked.reason, caller.subject)
    async with desk.database.transaction() as db:
        change = await turn_switch(db, turned)
        if change is not None:
            await record_step(db, desk, caller, f"switch_{change.became}", _about(change))
    await switches.board.refresh()
    return change


async def change_phase(
    desk: Desk, switches: SwitchDesk, caller: Caller, seen: str, wanted: str, reason: str, *, override: bool
) -> Change | None:
    """Move to another phase; as `switch`. Raises CONFLICT too when its gate is not met and nobody overrides it."""
    check_may(caller, SWITCH_SCOPE, SWITCH_REFUSAL)
    moved = Moved(seen, wanted, reason, caller.subject, override)
    async with desk.database.transaction() as db:
        change = await move_phase(db, switches.board.policy, moved, switches.clock.now())
        if change is not None:
            step = "switch_phase_override" if change.unmet else "switch_phase"
            await record_step(db, desk, caller, step, _about(change))
    await switches.board.refresh()
    return change


def _about(change: Change) -> dict[str, str]:
    return {
        "change": str(change.number), "target": str(change.target), "was": change.was, "became": change.became,
        "reason": change.reason, "unmet": "; ".join(change.unmet),
    }  # fmt: skip
