"""Bodies of `/api/agent/tools`: the registry of tools, the switches, the phases of the roll-out."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from contracts.base import ContractModel
from orchestrator.switches.state import Position

ToolName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ChannelName = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,20}$")]
PhaseName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
#: Why somebody switches: colleagues read it in the night.
SwitchReason = Annotated[str, StringConstraints(min_length=3, max_length=300, pattern=r"^[^\x00-\x1f]+$")]


class ToolInChannel(ContractModel):
    """A tool in one channel: its switch there, and why it does not run there (null: it does)."""

    channel: str
    position: Position
    why_not: str | None


class ToolView(ContractModel):
    """A tool: what is served, the last hour, and its switch. `digest` changes with its schemas, `deprecated` are
    arguments on their way out. `trouble` is "" when its service is whole; `breaker` is that of this process.
    """

    name: str
    family: str
    version: str | None
    digest: str | None
    write: bool | None
    trouble: str
    breaker: str
    calls: int
    error_percent: float
    p95_ms: float | None
    deprecated: tuple[str, ...]
    position: Position
    has_switch: bool
    since: datetime | None
    channels: tuple[ToolInChannel, ...]


class ChannelView(ContractModel):
    """A channel: its own switch, and how the assistant answers in it."""

    channel: str
    position: Position
    mode: Position


class CheckView(ContractModel):
    """One line of a gate."""

    name: str
    wanted: str
    found: str
    met: bool


class PhaseView(ContractModel):
    """A phase: all that it has (`*` is everything), and its gate, for phases behind the one that holds."""

    phase: str
    tools: tuple[str, ...]
    channels: tuple[str, ...]
    gate: tuple[CheckView, ...] = ()


class ChangeView(ContractModel):
    """What somebody switched. `target` is "" for the phase; `unmet` are checks of a gate that they went on without."""

    number: int
    target: str
    was: str
    became: str
    reason: str
    by: str
    at: datetime
    unmet: tuple[str, ...]


class ToolsView(ContractModel):
    """Everything at one moment."""

    tools: tuple[ToolView, ...]
    channels: tuple[ChannelView, ...]
    phase: str
    phase_since: datetime | None
    phases: tuple[PhaseView, ...]
    changes: tuple[ChangeView, ...]


def _named(field: str) -> dict[str, Any]:
    return {"properties": {field: {"type": "string"}}, "required": [field]}


class SwitchTurn(ContractModel):
    """A switch as it was `seen`, and as it is `wanted`: of a tool, of a channel, or of a tool in one channel."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_named("tool"), _named("channel")]})

    tool: ToolName | None = None
    channel: ChannelName | None = None
    seen: Position
    wanted: Position
    reason: SwitchReason

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.tool is None and self.channel is None:
            raise ValueError("name a tool, a channel, or both")
        return self


class PhaseMove(ContractModel):
    """The phase that was `seen`, and the one that is `wanted`. `override`: although its gate is not met."""

    seen: PhaseName
    wanted: PhaseName
    reason: SwitchReason
    override: bool = Field(default=False, strict=True)


class Switched(ContractModel):
    """How it stands now; `changed` is false when it stood so before."""

    stands: str
    changed: bool
