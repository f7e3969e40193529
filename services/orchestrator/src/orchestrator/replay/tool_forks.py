"""What a fork changes about tools: one that is switched off, or one that answers something else.

The text of a file is `{"output": {…}}` or `{"error": {"code": "order_not_found"}}`, as the tool's contract has it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from contracts.errors import PROBLEMS, ProblemCode
from contracts.registry import CONTRACTS, AnyContract, find_contract
from orchestrator.replay.forking import Change, Instead
from orchestrator.replay.refusing import ForkCode, ForkRefused
from orchestrator.switches.deciding import ALWAYS_ON
from orchestrator.turn.effects import AskingEffect, CallTool, PreviewEffect
from orchestrator.turn.inputs import PlanMade, PlanRejected, ToolFailed, ToolSucceeded, TurnInput
from orchestrator.turn.machine import SWITCHED_OFF
from orchestrator.turn.state import TurnState

_MOST_ERRORS = 4


@dataclass(frozen=True, slots=True)
class ToldByTool:
    """What a tool answers in a fork: an output as its contract has it, or the code of an error."""

    tool: str
    output: Mapping[str, Any] | None = None
    error: ProblemCode | None = None


def told_by_tool(name: str, text: str) -> ToldByTool:
    """What the text of a file says. Raises ForkRefused, which names the tool or the field that is wrong."""
    contract = known_tool(name)
    try:
        said = json.loads(text)
    except ValueError as error:
        raise ForkRefused(ForkCode.NOT_JSON, f"What {contract.name} answers is no JSON: {error}.") from error
    match said:
        case {"output": dict() as output, **rest} if not rest:
            return ToldByTool(contract.name, output=_output(contract, output))
        case {"error": {"code": str() as code, **more}, **rest} if not more and not rest:
            return ToldByTool(contract.name, error=_error(code))
    shapes = '{"output": {…}} or {"error": {"code": …}}'
    raise ForkRefused(ForkCode.WRONG_ANSWER, f"What {contract.name} answers must be {shapes}.")


def known_tool(name: str) -> AnyContract:
    """The contract of that name or alias. Raises ForkRefused, which names those that there are."""
    contract = find_contract(name)
    if contract is None:
        known = ", ".join(sorted(one.name for one in CONTRACTS))
        raise ForkRefused(ForkCode.TOOL_UNKNOWN, f"There is no tool {name}; the tools are: {known}.")
    return contract


def switched_off(name: str) -> frozenset[str]:
    """The tool, and what carries it out. Raises ForkRefused for one that cannot be switched off."""
    contract = known_tool(name)
    if contract.name == ALWAYS_ON:
        raise ForkRefused(ForkCode.ALWAYS_ON, f"{ALWAYS_ON} cannot be switched off: a person can always be reached.")
    return frozenset(filter(None, (contract.name, contract.approved_by)))


def with_tools_off(names: frozenset[str]) -> Change:
    """A Brain that wants one of these is told that it is switched off, as the engine tells it."""

    def change(one: TurnInput, _: TurnState, __: AskingEffect | None) -> TurnInput:
        if not isinstance(one, PlanMade) or one.call is None or one.call.tool not in names:
            return one
        return PlanRejected(
            reason=SWITCHED_OFF, errors=(f"{one.call.tool} is switched off",), usage=one.usage, model=one.model,
            repairs=one.repairs,
        )  # fmt: skip

    return change


def calls_that_are_off(names: frozenset[str]) -> Instead:
    """What the engine itself would call is refused as the gateway refuses it."""

    def instead(asked: AskingEffect) -> TurnInput | None:
        off = isinstance(asked, CallTool | PreviewEffect) and asked.call.tool in names
        return _failed(ProblemCode.TOOL_SWITCHED_OFF) if off else None

    return instead


def calls_answered(told: ToldByTool, masked: Callable[[str, Mapping[str, Any]], dict[str, Any]]) -> Instead:
    """Every call of the tool gets this answer; `masked` puts tokens for what tells who somebody is."""

    def instead(asked: AskingEffect) -> TurnInput | None:
        if not isinstance(asked, CallTool) or asked.call.tool != told.tool:
            return None
        if told.error is not None:
            return _failed(told.error)
        return ToolSucceeded(output=masked(told.tool, told.output or {}), ms=0)

    return instead


def _failed(code: ProblemCode) -> ToolFailed:
    return ToolFailed(error_class=PROBLEMS[code].error_class, code=code.value, ms=0)


def _output(contract: AnyContract, output: dict[str, Any]) -> dict[str, Any]:
    try:
        # As JSON: what its service would have sent.
        read = contract.output.model_validate_json(json.dumps(output))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:_MOST_ERRORS]
        wrong = "; ".join(f"/{'/'.join(map(str, one['loc']))}: {one['msg']}" for one in found)
        raise ForkRefused(ForkCode.WRONG_ANSWER, f"{contract.name} does not answer like this: {wrong}.") from error
    told: dict[str, Any] = read.model_dump(mode="json")
    return told


def _error(code: str) -> ProblemCode:
    try:
        return ProblemCode(code)
    except ValueError as error:
        known = ", ".join(one.value for one in ProblemCode)
        raise ForkRefused(ForkCode.WRONG_ANSWER, f"{code} is no error of a tool; these are: {known}.") from error
