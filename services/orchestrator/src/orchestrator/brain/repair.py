"""What a model proposes is checked here before anything else sees it, and repaired where that is safe (BRAIN-4).

name ──► canonical name or refused ──► safe coercion ──► the tool's JSON Schema ──► Accepted | Rejected
propose: plan ──► check ──► one re-prompt with the exact errors ──► Rejected (the turn then asks or hands over)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from contracts.turn import FinalMessage, ToolCall, Usage
from orchestrator.brain.coercion import coerce, fold_name
from orchestrator.brain.plain import not_plain
from orchestrator.brain.port import Brain, BrainContext, BrainError, OnText, ToolSpec
from orchestrator.brain.schemas import SchemaUnusable, errors_of

Restore = Callable[[dict[str, Any]], dict[str, Any]]
RejectedReason = Literal[
    "unknown_tool", "invalid_arguments", "malformed", "not_allowed", "write_after_text", "switched_off"
]

_ASK_AFRESH = (
    "nothing can be changed in this turn: answer with what is known, and say that the customer may ask for the change "
    "in their next message"
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A call under its canonical name whose arguments fit the schema; `coercions` names the repaired arguments."""

    call: ToolCall
    coercions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A proposal that must not run, with the exact errors for the model."""

    reason: RejectedReason
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposed:
    """The checked next step. `usage` counts every model call that it took.

    `repairs` tells what was needed, in order: `coerced:<argument>`, `reprompted`, `gave_up`, `fallback_model`.
    """

    proposal: ToolCall | FinalMessage | Rejected
    usage: Usage
    model: str
    streamed: bool
    repairs: tuple[str, ...] = ()


def check_call(
    call: ToolCall, tools: Sequence[ToolSpec], withheld: Sequence[ToolSpec] = (), off: Sequence[ToolSpec] = ()
) -> Accepted | Rejected:
    """The call as it may run, or why it may not. Pure; raises nothing, whatever the model wrote.

    `withheld` are tools that may not be called while text of others is in the turn, `off` those that are switched off.
    """
    why = not_plain(call.arguments)
    if why is not None:
        return Rejected("malformed", (why,))
    if _find(call.name, withheld) is not None:
        return Rejected("write_after_text", (_ASK_AFRESH,))
    if _find(call.name, off) is not None:
        return Rejected("switched_off", (f"{call.name} is switched off",))
    if not tools:
        return Rejected("not_allowed", ("no tool may be called now: answer with what is known",))
    spec = _find(call.name, tools)
    if spec is None:
        known = ", ".join(tool.name for tool in tools)
        return Rejected("unknown_tool", (f"there is no tool of that name; the tools are: {known}",))
    try:
        arguments, changed = coerce(call.arguments, spec.parameters)
        errors = _errors(arguments, spec.parameters)
    except SchemaUnusable:
        return Rejected("not_allowed", (f"{spec.name} cannot be called now",))
    if errors:
        return Rejected("invalid_arguments", errors)
    renamed = ("name",) if spec.name != call.name else ()
    return Accepted(ToolCall(name=spec.name, arguments=arguments), (*renamed, *changed))


async def propose(
    brain: Brain, context: BrainContext, on_text: OnText, restore: Restore = dict, mask: Callable[[str], str] = str
) -> Proposed:  # fmt: skip
    """Plans, checks, and asks once more with the exact errors. A bad reply never raises: it ends as `Rejected`.

    `restore` puts values in the place of the tokens that a Brain sees: an accepted call has real arguments.
    `mask` does the reverse for the errors, which name values.

    Raises `BrainError` of every kind but `malformed`: no model answered, the fallback included.
    """
    first = await _attempt(brain, context, on_text, Usage(), restore, mask)
    # Asked again for what is switched off, a model could only make something up.
    if not isinstance(first.proposal, Rejected) or first.proposal.reason == "switched_off":
        return first
    again = replace(context, repair=first.proposal.errors)
    second = await _attempt(brain, again, on_text, first.usage, restore, mask)
    repairs = (*first.repairs, "reprompted", *second.repairs)
    if isinstance(second.proposal, Rejected):
        repairs = (*repairs, "gave_up")
    return replace(second, repairs=repairs)


async def _attempt(
    brain: Brain, context: BrainContext, on_text: OnText, spent: Usage, restore: Restore, mask: Callable[[str], str]
) -> Proposed:  # fmt: skip
    try:
        plan = await brain.plan(context, on_text)
    except BrainError as error:
        usage = spent + error.usage
        if error.kind != "malformed":
            raise BrainError(error.kind, usage=usage, retry_after_s=error.retry_after_s) from error
        errors = error.errors or ("the reply was neither a tool call nor a message",)
        return Proposed(Rejected("malformed", errors), usage, brain.name, streamed=False)
    usage = spent + plan.usage
    fallback = ("fallback_model",) if plan.model != brain.name else ()
    if isinstance(plan.proposal, FinalMessage):
        return Proposed(plan.proposal, usage, plan.model, plan.streamed, fallback)
    proposal = plan.proposal
    if not_plain(proposal.arguments) is None:
        proposal = ToolCall(name=proposal.name, arguments=restore(proposal.arguments))
    verdict = check_call(proposal, context.tools, context.withheld, context.off)
    if isinstance(verdict, Rejected):
        verdict = replace(verdict, errors=tuple(map(mask, verdict.errors)))
        return Proposed(verdict, usage, plan.model, streamed=False, repairs=fallback)
    coerced = tuple(f"coerced:{name}" for name in verdict.coercions)
    return Proposed(verdict.call, usage, plan.model, streamed=False, repairs=(*fallback, *coerced))


def _find(name: str, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """The tool of that name or alias; spelling that carries no meaning is forgiven, a near miss is not."""
    folded = fold_name(name.removeprefix("functions."))
    for tool in tools:
        if name == tool.name or folded == tool.name or folded in tool.aliases:
            return tool
    return None


def _errors(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[str, ...]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    decimals = tuple(
        f"/{name}: write a whole number without a decimal point"
        for name, value in arguments.items()
        # JSON Schema takes 50.0 for an integer; in an amount of minor units it more likely means fifty whole ones.
        if isinstance(value, float) and properties.get(name, {}).get("type") == "integer"
    )
    if decimals:
        return decimals
    return errors_of(schema, arguments)
