"""What goes over the wire in a call, and who may make one."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.errors import ErrorClass, ProblemCode
from contracts.manifest import canonical_json
from contracts.tool import Preview
from orchestrator.tools.calls import CallFailed, CallRequest, CallSucceeded, arguments_hash, idempotency_key
from servicekit.addresses import fingerprint
from servicekit.auth.grants import verify_grant
from servicekit.auth.issuers import Issuer
from servicekit.auth.verification import TokenVerifier
from servicekit.clock import SystemClock
from servicekit.errors import ProblemError


def verifier(world: Any, audience: str) -> TokenVerifier:
    return TokenVerifier([Issuer("orchestrator", jwks=world.keys.jwks())], audience, SystemClock())


def token(headers: dict[str, str]) -> str:
    return headers["authorization"].removeprefix("Bearer ")


async def test_a_call_carries_a_token_for_one_service_one_scope_and_one_minute(world: Any, read: CallRequest) -> None:
    await world.gateway.call(read)
    caller = await verifier(world, "orders").verify(token(world.service.calls[0].headers))
    assert (caller.subject, caller.role, caller.actor) == ("cust_ada", "customer", "orchestrator")
    assert caller.scopes == {"orders.read_own"}
    assert (caller.conversation_id, caller.turn_id) == (read.conversation_id, read.turn_id)
    assert caller.email == "ada@example.com"
    assert caller.expires_at - datetime.now(UTC).timestamp() <= 60


async def test_a_token_is_of_no_use_at_another_service(world: Any, read: CallRequest) -> None:
    await world.gateway.call(read)
    with pytest.raises(ProblemError) as refused:
        await verifier(world, "billing").verify(token(world.service.calls[0].headers))
    assert refused.value.code is ProblemCode.UNAUTHENTICATED


async def test_a_read_carries_neither_a_key_nor_a_grant(world: Any, read: CallRequest) -> None:
    await world.gateway.call(replace(read, digest="c" * 64))
    assert "idempotency-key" not in world.service.calls[0].headers
    assert "x-aiguy-grant" not in world.service.calls[0].headers


async def test_a_confirmed_write_carries_its_key_and_a_grant_for_exactly_this_effect(
    world: Any, write: CallRequest
) -> None:
    await world.gateway.call(write)
    headers = world.service.calls[0].headers
    assert headers["idempotency-key"] == idempotency_key(write)
    believes = verifier(world, "orders")
    caller = await believes.verify(token(headers))
    grant = await verify_grant(
        believes, headers["x-aiguy-grant"], tool="add_order_note", digest="b" * 64, caller=caller
    )
    assert (grant.subject, grant.approvers) == ("cust_ada", ())
    with pytest.raises(ProblemError):
        await verify_grant(believes, headers["x-aiguy-grant"], tool="add_order_note", digest="c" * 64, caller=caller)


async def test_a_grant_names_who_approved_and_their_addresses_by_fingerprint(world: Any, write: CallRequest) -> None:
    print_ = fingerprint("kim@staff.example")
    await world.gateway.call(replace(write, approvers=("staff_kim",), addresses=(print_,)))
    headers = world.service.calls[0].headers
    believes = verifier(world, "orders")
    caller = await believes.verify(token(headers))
    told = {"tool": "add_order_note", "digest": "b" * 64}
    grant = await verify_grant(believes, headers["x-aiguy-grant"], **told, caller=caller)
    assert (grant.approvers, grant.addresses) == (("staff_kim",), (print_,))
    same = replace(caller, email="KIM@staff.example")
    with pytest.raises(ProblemError):
        await verify_grant(believes, headers["x-aiguy-grant"], **told, caller=same)


async def test_the_service_is_told_how_long_it_may_work_and_who_asks(world: Any, read: CallRequest) -> None:
    await world.gateway.call(read)
    headers = world.service.calls[0].headers
    assert 300 < int(headers["x-aiguy-deadline-ms"]) <= 400
    assert headers["x-request-id"] == "req_1"
    assert headers["x-aiguy-client"] == "orchestrator/0.1.0"
    assert world.service.calls[0].body == canonical_json(read.arguments)


def test_the_key_names_conversation_turn_tool_and_arguments(write: CallRequest) -> None:
    parts = (write.conversation_id, write.turn_id, "add_order_note", arguments_hash(write.arguments))
    assert idempotency_key(write) == ":".join(parts)
    assert len(arguments_hash(write.arguments)) == 32
    assert arguments_hash({"a": 1, "b": 2}) == arguments_hash({"b": 2, "a": 1})


async def test_a_guest_is_refused_without_any_request(world: Any, read: CallRequest, write: CallRequest) -> None:
    for request in (read, write):
        result = await world.gateway.call(replace(request, role="guest", subject="guest_1"))
        assert isinstance(result, CallFailed)
        assert (result.error_class, result.code) == (ErrorClass.NOT_AUTHORISED, ProblemCode.UNAUTHENTICATED)
        refused = await world.gateway.preview(replace(request, role="guest", subject="guest_1"))
        assert isinstance(refused, CallFailed)
    assert world.service.calls == []


async def test_a_write_without_a_confirmed_effect_is_refused_without_any_request(
    world: Any, write: CallRequest
) -> None:
    result = await world.gateway.call(replace(write, digest=None))
    assert isinstance(result, CallFailed)
    assert result.code is ProblemCode.CONFIRMATION_REQUIRED
    assert world.service.calls == []


@pytest.mark.parametrize(
    "arguments",
    [{}, {"order_id": 7}, {"order_id": "ABC123", "email": "a@b.example"},
     {"order_id": "ABC123", "customer": "cust_ben"},
     {"order_id": "x" * 10_000}, {"order_id": {"$ne": None}}, {"order_id": ["ABC123"]}],
)  # fmt: skip
async def test_arguments_that_break_the_contract_are_refused_without_any_request(
    world: Any, read: CallRequest, arguments: dict[str, Any]
) -> None:
    result = await world.gateway.call(replace(read, arguments=arguments))
    assert isinstance(result, CallFailed)
    assert (result.code, result.attempts) == (ProblemCode.INVALID_REQUEST, 0)
    assert world.service.calls == []


async def test_an_unknown_tool_is_refused_and_counted_without_its_name(world: Any, read: CallRequest) -> None:
    result = await world.gateway.call(replace(read, tool="drop_all_tables"))
    assert isinstance(result, CallFailed)
    assert result.code is ProblemCode.TOOL_UNKNOWN
    assert world.counted("aiguy_tool_calls_total", tool="unknown", outcome="tool_unknown") == 1


async def test_an_alias_has_the_key_of_the_tool_itself(world: Any, write: CallRequest) -> None:
    entry = next(one for one in world.service.entries if one["name"] == "add_order_note")
    entry["aliases"] = ["note_on_order"]
    await world.catalog.refresh()
    await world.gateway.call(replace(write, tool="note_on_order"))
    assert world.service.calls[0].headers["idempotency-key"] == idempotency_key(write)


async def test_an_answer_is_reduced_to_what_the_manifest_names(world: Any, read: CallRequest) -> None:
    world.service.outputs["get_order_status"] |= {"internal_margin": 0.4}
    result = await world.gateway.call(read)
    assert isinstance(result, CallSucceeded)
    assert "internal_margin" not in result.output
    assert world.counted("aiguy_tool_calls_total", tool="get_order_status", outcome="succeeded") == 1


async def test_a_preview_tells_the_effect_and_needs_no_consent(world: Any, write: CallRequest) -> None:
    world.service.outputs["add_order_note/preview"] = {"summary": "Adds a note to ABC123.", "digest": "d" * 64}
    result = await world.gateway.preview(replace(write, digest=None))
    assert result == Preview(summary="Adds a note to ABC123.", digest="d" * 64)
    assert world.service.calls[0].path == "/tools/add_order_note/preview"
    assert "idempotency-key" not in world.service.calls[0].headers
    assert world.service.effects == 0


async def test_a_preview_that_is_none_is_a_failure(world: Any, write: CallRequest) -> None:
    world.service.outputs["add_order_note/preview"] = {"summary": "Adds a note.", "digest": "short"}
    result = await world.gateway.preview(write)
    assert isinstance(result, CallFailed)
    assert result.code is ProblemCode.INTERNAL


async def test_a_read_has_no_preview(world: Any, read: CallRequest) -> None:
    result = await world.gateway.preview(read)
    assert isinstance(result, CallFailed)
    assert world.service.calls == []
