"""The phases of the roll-out, from `policy/phases.yaml`: what each has, and what must be true before it begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

ALL = "*"
Percent = Annotated[float, Field(ge=0, le=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gate(_Strict):
    """What must be true of the phase before: at least so much was seen, and at most so much of it went wrong."""

    turns: int = Field(ge=0)
    tool_errors_percent: Percent | None = None
    escalated_percent: Percent | None = None
    rated: int = Field(default=0, ge=0)
    bad_answers_percent: Percent | None = None
    refunds: int = Field(default=0, ge=0)
    refund_errors_percent: Percent | None = None


class _Stage(_Strict):
    adds_tools: tuple[str, ...] = ()
    adds_channels: tuple[str, ...] = ()
    gate: Gate | None = None


class _File(_Strict):
    version: str
    begins: str
    phases: dict[str, _Stage]

    @model_validator(mode="after")
    def _begins_somewhere(self) -> Self:
        if self.begins not in self.phases:
            raise ValueError("begins names no phase")
        if any(one.gate is None for one in list(self.phases.values())[1:]):
            raise ValueError("each phase behind the first has a gate")
        return self


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase with all that those before it have. `gate` is None for the first."""

    name: str
    tools: frozenset[str]
    channels: frozenset[str]
    gate: Gate | None

    def has_tool(self, name: str) -> bool:
        """Whether the phase has this tool."""
        return ALL in self.tools or name in self.tools

    def has_channel(self, name: str) -> bool:
        """Whether the assistant answers in this channel."""
        return ALL in self.channels or name in self.channels


@dataclass(frozen=True, slots=True)
class PhasePolicy:
    """The phases by name, in their order; a fresh installation is in `begins`."""

    version: str
    begins: str
    phases: Mapping[str, Phase]

    def phase(self, name: str) -> Phase:
        """The phase of that name. Of one that was taken out of the file since, the first: it has the least."""
        return self.phases.get(name or self.begins) or next(iter(self.phases.values()))

    def between(self, now: str, then: str) -> tuple[Phase, ...]:
        """The phases that one enters on the way from `now` to `then`, in order; none on the way back."""
        names = list(self.phases)
        return tuple(self.phases[one] for one in names[names.index(now) + 1 : names.index(then) + 1])


def load_phases() -> PhasePolicy:
    """The policy that ships with the service. Raises ValueError for a file of another shape."""
    text = resources.files("orchestrator.policy").joinpath("phases.yaml").read_text("utf-8")
    return parse_phases(text)


def parse_phases(text: str) -> PhasePolicy:
    """The policy in a YAML text. Raises ValueError for one of another shape."""
    read = _File.model_validate(yaml.safe_load(text))
    phases: dict[str, Phase] = {}
    tools, channels = frozenset[str](), frozenset[str]()
    for name, stage in read.phases.items():
        tools, channels = tools.union(stage.adds_tools), channels.union(stage.adds_channels)
        phases[name] = Phase(name, tools, channels, stage.gate)
    return PhasePolicy(read.version, read.begins, phases)
