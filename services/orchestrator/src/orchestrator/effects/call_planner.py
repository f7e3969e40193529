"""CallPlanner: ask the Brain for the next step, and let nothing through that does not fit a contract."""

from typing import Any

from contracts.tool import Confirmation, RiskTier
from contracts.turn import FinalMessage, Role, ToolCall
from orchestrator.brain.port import BrainContext, BrainError
from orchestrator.brain.repair import Proposed, Rejected, propose
from orchestrator.effects.scope import TurnScope, TurnView
from orchestrator.effects.telling import Teller
from orchestrator.guard.gate import StreamGate
from orchestrator.tools.catalog import ToolEntry
from orchestrator.tools.gateway import arguments_hash
from orchestrator.turn import provenance
from orchestrator.turn.effects import CallPlanner
from orchestrator.turn.inputs import FollowUp, PlanFailed, PlanMade, PlannedCall, PlanRejected, TurnInput
from orchestrator.turn.machine import HUMAN_TOOL
from orchestrator.turn.provenance import ArgumentOrigin
from orchestrator.turn.state import TurnState
from orchestrator.turn.tracing import Policy, Sources, trace


async def call_planner(effect: CallPlanner, state: TurnState, scope: TurnScope, teller: Teller) -> TurnInput:
    """PlanMade with a checked call or an answer, PlanRejected, or PlanFailed when no model answered."""
    world = scope.world
    view = scope.view(state)
    tools = world.catalog.specs(customer=state.customer, may_write=effect.may_write) if effect.may_call else ()
    context = await scope.brain_context(state, view, tools=tools)
    gate = StreamGate(
        view.vault, view.mask, lambda text, offset: teller.chunk(state, text, offset), world.clock.monotonic
    )
    brain = world.offline if effect.degraded else world.brain
    try:
        proposed = await propose(brain, context, gate)
    except BrainError as error:
        world.metrics.failed.labels(error.kind).inc()
        return PlanFailed(reason=error.kind, usage=error.usage)
    for repair in proposed.repairs:
        world.metrics.repairs.labels(repair.partition(":")[0]).inc()
    if isinstance(proposed.proposal, FinalMessage) and proposed.streamed:
        await gate.finish()
    return _input(proposed, state, view, scope, context)


def _input(proposed: Proposed, state: TurnState, view: TurnView, scope: TurnScope, context: BrainContext) -> TurnInput:
    match proposed.proposal:
        case Rejected() as rejected:
            scope.world.metrics.rejected.labels(rejected.reason).inc()
            if rejected.reason == "write_after_text":
                scope.world.metrics.writes_refused.labels(rejected.reason).inc()
            return PlanRejected(
                reason=rejected.reason, errors=rejected.errors, usage=proposed.usage, model=proposed.model,
                repairs=proposed.repairs,
            )  # fmt: skip
        case FinalMessage() as message:
            return PlanMade(
                message=message, usage=proposed.usage, model=proposed.model, streamed=proposed.streamed,
                repairs=proposed.repairs,
            )  # fmt: skip
        case ToolCall() as call:
            planned = plan_call(call, view, scope, context)
            refused = provenance.refusal(write=planned.write, tainted=state.tainted, origins=planned.origins)
            if refused is not None and planned.tool != HUMAN_TOOL:
                scope.world.metrics.writes_refused.labels(refused).inc()
            return PlanMade(call=planned, usage=proposed.usage, model=proposed.model, repairs=proposed.repairs)


def plan_call(call: ToolCall, view: TurnView, scope: TurnScope, context: BrainContext) -> PlannedCall:
    """The call with real values for its tokens, and what policy says of it, from the contract, never from the model."""
    entry = scope.world.catalog.entry(call.name)
    arguments = view.vault.restore_arguments(call.arguments)
    if entry is None:
        # It was offered a moment ago and is gone now: the gateway refuses it and the turn says so.
        return PlannedCall(tool=call.name, arguments=arguments, args_hash=arguments_hash(arguments), label="")
    return PlannedCall(
        tool=entry.name, arguments=arguments, args_hash=arguments_hash(arguments), label=entry.label,
        write=entry.write, needs_confirmation=entry.confirmation is Confirmation.CUSTOMER,
        needs_approval=_needs_approval(entry, arguments), approved_by=_follow_up(entry.approved_by, scope),
        closed_by=_follow_up(entry.closed_by, scope), ref=entry.ref, ticket_when_down=entry.risk is not RiskTier.LOW,
        free_text=entry.free_text, origins=_origins(call, entry, context) if entry.write else (),
    )  # fmt: skip


def _origins(call: ToolCall, entry: ToolEntry, context: BrainContext) -> tuple[ArgumentOrigin, ...]:
    """Compared as the Brain saw it all: personal data are the same tokens on both sides."""
    sources = Sources(
        customer=(context.question, *(one.text for one in context.history if one.role is Role.CUSTOMER)),
        results=[(one.output, one.free_text) for one in context.observations if one.output is not None],
        read=[one.text for one in context.history if one.role is not Role.CUSTOMER],
    )
    return trace(call.arguments, Policy(entry.input_schema, entry.may_say, entry.risk is not RiskTier.LOW), sources)


def _follow_up(tool: str | None, scope: TurnScope) -> FollowUp | None:
    if tool is None:
        return None
    entry = scope.world.catalog.entry(tool)
    return FollowUp(tool=tool, label=entry.label if entry is not None else "")


def _needs_approval(entry: ToolEntry, arguments: dict[str, Any]) -> bool:
    rule = entry.approval
    if rule is None:
        return False
    value = arguments.get(rule.argument)
    return not isinstance(value, int) or value > rule.over
