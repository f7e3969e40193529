"""CallPlanner: ask the Brain for the next step, and let nothing through that does not fit a contract."""

from typing import Any

from contracts.tool import Confirmation, RiskTier
from contracts.turn import FinalMessage, ToolCall
from orchestrator.brain.port import BrainError, ToolSpec
from orchestrator.brain.repair import Proposed, Rejected, propose
from orchestrator.effects.scope import TurnScope, TurnView
from orchestrator.effects.telling import Teller
from orchestrator.guard.gate import StreamGate
from orchestrator.tools.catalog import ToolEntry
from orchestrator.tools.gateway import arguments_hash
from orchestrator.turn.effects import CallPlanner
from orchestrator.turn.inputs import FollowUp, PlanFailed, PlanMade, PlannedCall, PlanRejected, TurnInput
from orchestrator.turn.state import TurnState


async def call_planner(effect: CallPlanner, state: TurnState, scope: TurnScope, teller: Teller) -> TurnInput:
    """PlanMade with a checked call or an answer, PlanRejected, or PlanFailed when no model answered."""
    world = scope.world
    view = scope.view(state)
    tools = _offered(state, scope) if effect.may_call else ()
    context = await scope.brain_context(state, view, tools=tools)
    gate = StreamGate(
        view.vault, view.mask, lambda text, offset: teller.chunk(state, text, offset), world.clock.monotonic
    )
    brain = world.offline if effect.degraded else world.brain
    try:
        proposed = await propose(brain, context, gate, view.vault.restore_arguments, view.vault.mask)
    except BrainError as error:
        world.metrics.failed.labels(error.kind).inc()
        return PlanFailed(reason=error.kind, usage=error.usage)
    for repair in proposed.repairs:
        world.metrics.repairs.labels(repair.partition(":")[0]).inc()
    if isinstance(proposed.proposal, FinalMessage) and proposed.streamed:
        await gate.finish()
    return _input(proposed, view, scope)


def _offered(state: TurnState, scope: TurnScope) -> tuple[ToolSpec, ...]:
    """What may be proposed now: with a flag on the message, nothing that moves money."""
    catalog = scope.world.catalog
    specs = catalog.specs(customer=state.customer)
    if not state.flags:
        return specs
    entries = catalog.entries()
    return tuple(one for one in specs if one.name in entries and entries[one.name].risk is not RiskTier.MONEY)


def _input(proposed: Proposed, view: TurnView, scope: TurnScope) -> TurnInput:
    match proposed.proposal:
        case Rejected() as rejected:
            scope.world.metrics.rejected.labels(rejected.reason).inc()
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
            planned = plan_call(call, view, scope)
            return PlanMade(call=planned, usage=proposed.usage, model=proposed.model, repairs=proposed.repairs)


def plan_call(call: ToolCall, view: TurnView, scope: TurnScope) -> PlannedCall:
    """The call with tokens for its values, and what policy says of it, from the contract, never from the model."""
    entry = scope.world.catalog.entry(call.name)
    arguments, args_hash = call.arguments, arguments_hash(call.arguments)
    masked = view.vault.mask_fields(arguments, ())
    if entry is None:
        # It was offered a moment ago and is gone now: the gateway refuses it and the turn says so.
        return PlannedCall(tool=call.name, arguments=masked, args_hash=args_hash, label="")
    return PlannedCall(
        tool=entry.name, arguments=masked, args_hash=args_hash, label=entry.label,
        write=entry.write, needs_confirmation=entry.confirmation is Confirmation.CUSTOMER,
        needs_approval=_needs_approval(entry, arguments), approved_by=_follow_up(entry.approved_by, scope),
        closed_by=_follow_up(entry.closed_by, scope), ref=entry.ref, ticket_when_down=entry.risk is not RiskTier.LOW,
    )  # fmt: skip


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
