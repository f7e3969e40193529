"""What `aiguy replay --fork` may be told: another policy, prompt, Brain, or answer of a tool."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from billing.refunds.policy import RefundPolicy, load_policy
from orchestrator.confidence.policy import EscalationPolicy, load_escalation_policy
from orchestrator.limits.policy import LimitsPolicy, load_limits
from orchestrator.replay.refusing import ForkCode, ForkRefused
from orchestrator.replay.tool_forks import ToldByTool, known_tool, switched_off, told_by_tool

OFFLINE = "offline"
_OFF = "off"
_PROMPTS = ("planner", "writer")
_SHAPES = "policy=FILE, prompt=FILE, brain=offline, brain=provider/model, tool=NAME:FILE and tool=NAME:off"


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of a fork; None: as it was."""

    refunds: RefundPolicy | None = None
    escalation: EscalationPolicy | None = None
    limits: LimitsPolicy | None = None


@dataclass(frozen=True, slots=True)
class Forks:
    """All that is different in a fork. `prompts`: by planner and writer; `off`: tools that are switched off, with those
    that carry them out; `told`: what tools answer.
    """

    policies: Policies = field(default_factory=Policies)
    brain: str | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    off: frozenset[str] = frozenset()
    told: tuple[ToldByTool, ...] = ()

    @property
    def asks_a_brain(self) -> bool:
        """Whether a Brain is asked all that the recorded one was."""
        return self.brain is not None or bool(self.prompts)

    @property
    def thinks(self) -> bool:
        """Whether more is needed than what was recorded."""
        return self.asks_a_brain or bool(self.off) or bool(self.told)

    @property
    def tools(self) -> frozenset[str]:
        """The tools that are different."""
        return self.off | {one.tool for one in self.told}


def read_forks(asked: list[str]) -> Forks:
    """From `kind=value`, any number of them: they combine. Raises ForkRefused."""
    found = Forks()
    for one in asked:
        kind, _, value = one.partition("=")
        match kind if value else "":
            case "policy":
                found = replace(found, policies=_with_policy(found.policies, Path(value)))
            case "prompt":
                found = replace(found, prompts=_with_prompt(found.prompts, Path(value)))
            case "brain":
                _once(found.brain is None, "one Brain")
                found = replace(found, brain=value)
            case "tool":
                found = _with_tool(found, value)
            case _:
                raise ForkRefused(ForkCode.NOT_A_FORK, f"{one}: these can be forked: {_SHAPES}.")
    if found.prompts and found.brain == OFFLINE:
        raise ForkRefused(ForkCode.PROMPT_UNREAD, "The offline Brain reads no prompt: another one changes nothing.")
    return found


def _with_policy(policies: Policies, file: Path) -> Policies:
    match _policy(file):
        case RefundPolicy() as read:
            _once(policies.refunds is None, "one policy of refunds")
            return replace(policies, refunds=read)
        case EscalationPolicy() as read:
            _once(policies.escalation is None, "one policy of escalation")
            return replace(policies, escalation=read)
        case LimitsPolicy() as read:
            _once(policies.limits is None, "one policy of limits")
            return replace(policies, limits=read)


def _policy(file: Path) -> RefundPolicy | EscalationPolicy | LimitsPolicy:
    text = _text(file)
    try:
        found: Any = yaml.safe_load(text)
        tiers = found.get("tiers") if isinstance(found, dict) else None
        if isinstance(tiers, list):
            return load_policy(file)
        if isinstance(tiers, dict):
            return load_escalation_policy(text)
        if isinstance(found, dict) and "caps" in found:
            return load_limits(file)
    except (ValueError, yaml.YAMLError) as error:
        raise ForkRefused(ForkCode.NOT_A_POLICY, f"{file} is no policy: {error}") from error
    why = "is no policy of refunds, of escalation or of limits: it has neither tiers nor caps"
    raise ForkRefused(ForkCode.NOT_A_POLICY, f"{file} {why}.")


def _with_prompt(prompts: Mapping[str, str], file: Path) -> Mapping[str, str]:
    whose = next((one for one in _PROMPTS if file.name.startswith(one)), None)
    if whose is None:
        why = "begins with planner or writer, as those that ship"
        raise ForkRefused(ForkCode.NOT_A_PROMPT, f"{file}: the name of a prompt's file {why}.")
    _once(whose not in prompts, f"one prompt of the {whose}")
    text = _text(file)
    if not text.strip():
        raise ForkRefused(ForkCode.NOT_A_PROMPT, f"{file} is empty.")
    return {**prompts, whose: text}


def _with_tool(forks: Forks, value: str) -> Forks:
    name, colon, told = value.partition(":")
    if not colon or not told:
        raise ForkRefused(ForkCode.NOT_A_FORK, f"tool={value}: it is tool=NAME:FILE or tool=NAME:off.")
    tool = known_tool(name).name
    _once(tool not in forks.tools, f"one fork of {tool}")
    if told == _OFF:
        return replace(forks, off=forks.off | switched_off(tool))
    return replace(forks, told=(*forks.told, told_by_tool(tool, _text(Path(told)))))


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise ForkRefused(ForkCode.FILE_UNREADABLE, f"{file} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ForkRefused(ForkCode.FILE_UNREADABLE, f"{file} is no UTF-8 text.") from error


def _once(first: bool, what: str) -> None:
    if not first:
        raise ForkRefused(ForkCode.GIVEN_TWICE, f"A fork has {what}, and two are given.")
