"""CallTool and PreviewEffect: a checked call through the tool gateway, to one input."""

from dataclasses import replace
from datetime import timedelta

from contracts.tool import Preview
from orchestrator.effects.scope import TurnScope
from orchestrator.tools.gateway import CallAccepted, CallFailed, CallRequest, CallSucceeded
from orchestrator.tools.masking import masked_output, restored_arguments
from orchestrator.turn.effects import CallTool, PreviewEffect
from orchestrator.turn.inputs import EffectPreviewed, PlannedCall, ToolAccepted, ToolFailed, ToolSucceeded, TurnInput
from orchestrator.turn.state import TurnState
from servicekit.telemetry.genai import step

#: More than any contract's time-out.
_WHOLE_TIME_S = 120.0


async def call_tool(effect: CallTool, state: TurnState, scope: TurnScope) -> TurnInput:
    """ToolSucceeded, ToolAccepted or ToolFailed; retries, time-outs and the breaker are the gateway's."""
    # As the gateway knows it when the call begins: the catalogue may be another one when the answer comes.
    entry = scope.world.catalog.entry(effect.call.tool)
    request = _request(effect.call, state, scope, digest=effect.digest)
    request = replace(request, approvers=effect.approvers, addresses=effect.addresses)
    if entry is not None and entry.proven_address and not scope.conversation.customer:
        request = replace(request, proven_email=await scope.proven_email())
    told = {"parent": state.traceparent, "conversation": scope.conversation.id, "tool": effect.call.tool}
    with step("execute_tool", **told, turn=scope.turn_id) as current:
        result = await scope.world.gateway.call(request)
        if isinstance(result, CallFailed):
            current.set_attribute("error.type", result.code.value)
        current.set_attribute("aiguy.attempts", result.attempts)
    match result:
        case CallSucceeded():
            with step("observe", **told, cached=result.cached):
                output = masked_output(entry, result.output, scope.vault)
            return ToolSucceeded(output=output, ms=result.ms, attempts=result.attempts, cached=result.cached)
        case CallAccepted():
            expires = scope.now_ms() + result.within_s * 1000
            return ToolAccepted(expires_at_ms=expires, ms=result.ms, attempts=result.attempts)
        case CallFailed():
            return _failed(result)


async def preview_effect(effect: PreviewEffect, state: TurnState, scope: TurnScope) -> TurnInput:
    """EffectPreviewed with the digest that everything later is bound to, or ToolFailed."""
    result = await scope.world.gateway.preview(_request(effect.call, state, scope))
    match result:
        case Preview():
            world = scope.world
            # Staff have longer than the customer, who is there.
            ttl_s = world.confirmation_ttl_s if state.registered is None else world.approval_ttl_s
            expires = world.clock.now() + timedelta(seconds=ttl_s)
            return EffectPreviewed(
                summary=scope.vault.mask(result.summary), digest=result.digest, money_moved=result.money_moved,
                expires_at_ms=int(expires.timestamp() * 1000), approvals=result.approvals, policy=result.policy,
                reasons=tuple(map(scope.vault.mask, result.reasons)),
            )  # fmt: skip
        case CallFailed():
            return _failed(result)


def _request(call: PlannedCall, state: TurnState, scope: TurnScope, *, digest: str | None = None) -> CallRequest:
    identity = scope.conversation.identity
    arguments = restored_arguments(scope.world.catalog.entry(call.tool), call.arguments, scope.vault)
    left_ms = state.budgets.hard_ms - state.worked_ms(scope.now_ms())
    # What was agreed to gets the tool's whole time, however long the turn has worked before.
    timeout_s = max(0.1, left_ms / 1000) if digest is None else _WHOLE_TIME_S
    return CallRequest(
        tool=call.tool, arguments=arguments, args_hash=call.args_hash, subject=identity.subject,
        role="customer" if scope.conversation.customer else "guest", conversation_id=scope.conversation.id,
        turn_id=scope.turn_id, request_id=scope.request_id, timeout_s=timeout_s, email=identity.email,
        name=identity.name, digest=digest, tainted=state.tainted, version=call.version, channel=state.channel,
    )  # fmt: skip


def _failed(failure: CallFailed) -> ToolFailed:
    return ToolFailed(
        error_class=failure.error_class, code=failure.code.value, ms=failure.ms, attempts=failure.attempts
    )
