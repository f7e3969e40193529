"""Whether a call may run, as the switches stand. Pure: the strictest switch counts, and none adds to the phase."""

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.switches.policy import PhasePolicy
from orchestrator.switches.state import Position, Switches, Target

#: A person can always be reached: this is never refused, and has no switch.
ALWAYS_ON = "handoff_human"


class Why(StrEnum):
    """Why a call may not run."""

    TOOL = "tool_off"
    CHANNEL = "channel_off"
    SHADOW = "channel_shadow"
    PHASE = "phase"


@dataclass(frozen=True, slots=True)
class Switchable:
    """A tool as the policy sees it. `proposed`: a Brain may be offered it; what only the orchestrator calls is bound by
    its own switch alone. `carries_out`: writes that this one carries out, and whose switches count for it too.
    """

    name: str
    write: bool
    proposed: bool
    carries_out: tuple[str, ...] = ()


def why_not(policy: PhasePolicy, switches: Switches, called: Switchable, channel: str) -> Why | None:
    """Why the call may not run in this channel; None when it may. `channel` "" is for what belongs to none."""
    if called.name == ALWAYS_ON:
        return None
    bound = (*called.carries_out, called.name) if called.proposed else called.carries_out
    for name in {called.name, *bound}:
        if Position.OFF in (switches.position(Target(name)), switches.position(Target(name, channel))):
            return Why.TOOL
    if not bound:
        return None
    mode, phase = mode_of(policy, switches, channel), policy.phase(switches.phase)
    if mode is Position.OFF:
        return Why.CHANNEL
    if not all(phase.has_tool(name) for name in bound):
        return Why.PHASE
    return Why.SHADOW if mode is Position.SHADOW and called.write else None


def mode_of(policy: PhasePolicy, switches: Switches, channel: str) -> Position:
    """How the assistant answers in a channel."""
    if not channel:
        return Position.ON
    told = switches.position(Target(channel=channel))
    return told if policy.phase(switches.phase).has_channel(channel) else Position.OFF
