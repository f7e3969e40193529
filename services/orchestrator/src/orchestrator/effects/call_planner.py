"""CallPlanner: ask the Brain for the next step, and let nothing through that does not fit a contract."""

from dataclasses import replace
from typing import Any

from contracts.tool import Confirmation, Family, RiskTier
from contracts.turn import FinalMessage, Role, ToolCall
from orchestrator.brain.port import BrainContext, BrainError, ToolSpec
from orchestrator.brain.repair import Proposed, Rejected, propose
from orchestrator.effects.checking import gate_of
from orchestrator.effects.judge import looping, repeated
from orchestrator.effects.scope import TurnScope, TurnView
from orchestrator.effects.telling import Teller
from orchestrator.guard.vault import Vault
from orchestrator.switches.deciding import Why
from orchestrator.tools.authorise import HANDS_OVER, needs_approval
from orchestrator.tools.catalog import ToolEntry
from orchestrator.tools.gateway import arguments_hash
from orchestrator.tools.masking import restored_arguments
from orchestrator.turn import provenance
from orchestrator.turn.budgets import Level
from orchestrator.turn.effects import CallPlanner
from orchestrator.turn.inputs import FollowUp, PlanFailed, PlanMade, PlannedCall, PlanRejected, TurnInput
from orchestrator.turn.machine import HUMAN_TOOL
from orchestrator.turn.provenance import ArgumentOrigin
from orchestrator.turn.state import TurnState
from orchestrator.turn.tracing import Policy, Sources, trace


async def call_planner(effect: CallPlanner, state: TurnState, scope: TurnScope, teller: Teller) -> TurnInput:
    """PlanMade with a checked call or an answer, PlanRejected, PlanFailed when no model answered, or Escalated when
    asking one again leads nowhere.
    """
    world = scope.world
    if not state.observed and (escalated := await repeated(state, scope)) is not None:
        return escalated
    view = scope.view(state)
    tools = _offered(effect, state, scope) if effect.may_call else ()
    offered = tuple(one for one in tools if _is_on(one, state, scope))
    off = tuple(one for one in tools if one not in offered)
    context = await scope.brain_context(state, view, tools=offered, off=off)
    gate = await gate_of(state, view, scope, teller)
    brain = world.offline if effect.degraded else world.brain_at(state.budgets.level)
    try:
        proposed = await propose(brain, context, gate, view.vault.restore_arguments, view.vault.mask)
    except BrainError as error:
        world.metrics.failed.labels(error.kind).inc()
        return PlanFailed(reason=error.kind, usage=error.usage)
    for repair in proposed.repairs:
        world.metrics.repairs.labels(repair.partition(":")[0]).inc()
    if isinstance(proposed.proposal, FinalMessage) and proposed.streamed:
        await gate.finish(proposed.proposal.text)
        proposed = replace(proposed, streamed=gate.complete)
    made = await needs_proof(_input(proposed, state, view, scope, context), state, scope)
    if isinstance(made, PlanMade) and made.call is not None and await looping(made.call, scope):
        return made.model_copy(update={"call": made.call.model_copy(update={"looping": True})})
    return made


def _offered(effect: CallPlanner, state: TurnState, scope: TurnScope) -> tuple[ToolSpec, ...]:
    """The tools for this caller: with a flag on the message nothing that moves money; in a turn with next to nothing
    left, the search and the way to a person.
    """
    specs = scope.world.catalog.specs(customer=state.customer, may_write=effect.may_write, may_prove=scope.may_prove)
    return tuple(one for one in specs if _fits(scope.world.catalog.entry(one.name), state))


def _fits(entry: ToolEntry | None, state: TurnState) -> bool:
    if state.budgets.level is Level.KNOWLEDGE and not _is_always_left(entry):
        return False
    return not state.flags or (entry is not None and entry.risk is not RiskTier.MONEY)


def _is_on(tool: ToolSpec, state: TurnState, scope: TurnScope) -> bool:
    """Whether the switches let it be called. In shadow mode a change may be proposed, for staff to see."""
    why = scope.world.gateway.why_not(tool.name, state.channel)
    return why is None or (why is Why.SHADOW and state.shadow)


def _is_always_left(entry: ToolEntry | None) -> bool:
    if entry is None:
        return False
    return entry.name == HANDS_OVER or _searches(entry)


def _searches(entry: ToolEntry) -> bool:
    return entry.family == Family.RETRIEVAL and not entry.write


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


async def needs_proof(made: TurnInput, state: TurnState, scope: TurnScope) -> TurnInput:
    """The plan, with whether who asks has to prove their address before its call."""
    if not isinstance(made, PlanMade) or made.call is None or state.customer:
        return made
    entry = scope.world.catalog.entry(made.call.tool)
    if entry is None or entry.guests or not entry.proven_address or await scope.proven_email() is not None:
        return made
    return made.model_copy(update={"call": made.call.model_copy(update={"unproven": True})})


def plan_call(call: ToolCall, view: TurnView, scope: TurnScope, context: BrainContext) -> PlannedCall:
    """The call with tokens for its values, and what policy says of it, from the contract, never from the model."""
    entry = scope.world.catalog.entry(call.name)
    masked = view.vault.mask_fields(call.arguments, ())
    # Of the tokens: however the model spells a value it has one, and without the conversation's key none can be tried.
    args_hash = arguments_hash(masked)
    if entry is None:
        # It was offered a moment ago and is gone now: the gateway refuses it and the turn says so.
        return PlannedCall(tool=call.name, arguments=masked, args_hash=args_hash, label="")
    return PlannedCall(
        tool=entry.name, arguments=masked, args_hash=args_hash, label=entry.label,
        write=entry.write, needs_confirmation=entry.confirmation is Confirmation.CUSTOMER,
        needs_approval=needs_approval(entry, restored_arguments(entry, masked, scope.vault)),
        approved_by=_follow_up(entry.approved_by, scope), closed_by=_follow_up(entry.closed_by, scope),
        ref=entry.ref, version=entry.version, ticket_when_down=entry.risk is not RiskTier.LOW,
        knowledge=_searches(entry),
        free_text=entry.free_text, origins=_origins(masked, entry, view.vault, context) if entry.write else (),
    )  # fmt: skip


def _origins(
    masked: dict[str, Any], entry: ToolEntry, vault: Vault, context: BrainContext
) -> tuple[ArgumentOrigin, ...]:
    """Personal data are the same tokens on both sides; a value may have been written before it was known."""

    def reveal(text: str) -> str:
        return vault.reveal_orders(vault.mask_known(text))

    reveal_in = vault.reveal_orders_in
    said = [one for one in context.history if one.role is Role.CUSTOMER]
    sources = Sources(
        customer=tuple(map(reveal, (context.question, *(one.text for one in said)))),
        results=[(reveal_in(one.output), one.free_text) for one in context.observations if one.output is not None],
        read=[reveal(one.text) for one in context.history if one.role is not Role.CUSTOMER],
    )
    return trace(reveal_in(masked), Policy(entry.input_schema, entry.may_say, entry.risk is not RiskTier.LOW), sources)


def _follow_up(tool: str | None, scope: TurnScope) -> FollowUp | None:
    if tool is None:
        return None
    entry = scope.world.catalog.entry(tool)
    return FollowUp(tool=tool, label=entry.label if entry is not None else "")
