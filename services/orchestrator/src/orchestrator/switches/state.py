"""How switches stand: a position for each target, and the phase of the roll-out. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Position(StrEnum):
    """How a switch stands. `SHADOW` is for channels: drafts go to staff, and nothing is moved."""

    ON = "on"
    SHADOW = "shadow"
    OFF = "off"


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What is switched: a tool everywhere, a channel, or a tool in one channel. "" stands for all of them."""

    tool: str = ""
    channel: str = ""

    def __str__(self) -> str:
        return f"{self.tool} in {self.channel}" if self.tool and self.channel else self.tool or self.channel


#: Where changes of the phase stand: neither a tool nor a channel.
PHASE = Target()


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `unmet`: checks of the phase's gate that somebody moved on without."""

    number: int
    target: Target
    was: str
    became: str
    reason: str
    by: str
    at: datetime
    unmet: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Switches:
    """All switches up to change `version`; a target without a position is on. `phase` "": as the policy begins."""

    version: int = 0
    phase: str = ""
    positions: Mapping[Target, Position] = field(default_factory=dict)
    since: Mapping[Target, datetime] = field(default_factory=dict)

    def position(self, target: Target) -> Position:
        """How this target's own switch stands."""
        return self.positions.get(target, Position.ON)


def reading(changes: Iterable[Change]) -> Switches:
    """The switches after these changes, oldest first; of a target only the last counts."""
    version, phase = 0, ""
    positions: dict[Target, Position] = {}
    since: dict[Target, datetime] = {}
    for one in changes:
        version, since[one.target] = max(version, one.number), one.at
        if one.target == PHASE:
            phase = one.became
        else:
            positions[one.target] = Position(one.became)
    return Switches(version, phase, positions, since)
