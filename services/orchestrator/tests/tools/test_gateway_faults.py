"""Whatever a tool service does, the call ends in time with an answer or a typed failure."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import PROBLEMS, ErrorClass, ProblemCode
from contracts.headers import DEADLINE_MS
from orchestrator.tools.calls import CallFailed, CallRequest, CallSucceeded
from orchestrator.tools.testing import Fault
from servicekit.testing import eventually

TIMEOUT_S = 0.4
#: Faults here last for ever: that a call ends at all is asserted, not how fast a busy machine ends it.
SLACK_S = 5.0
TIMING_OUT = {Fault.HANG, Fault.HANG_AFTER, Fault.SLOW_CLOSE}
FAILING_EARLY = [fault for fault in Fault if fault not in TIMING_OUT]


@pytest.mark.parametrize("kind", ["read", "write"])
@pytest.mark.parametrize("fault", Fault)
async def test_a_lasting_fault_ends_in_time_as_a_typed_failure(
    world: Any, read: CallRequest, write: CallRequest, fault: Fault, kind: str
) -> None:
    world.service.always = fault
    started = time.perf_counter()
    result = await world.gateway.call(read if kind == "read" else write)
    assert time.perf_counter() - started <= TIMEOUT_S + SLACK_S
    assert isinstance(result, CallFailed)
    assert result.error_class is PROBLEMS[result.code].error_class
    assert (result.error_class is ErrorClass.TIMEOUT) == (fault in TIMING_OUT)
    assert "internal words" not in result.detail
    assert "secret" not in result.detail


@pytest.mark.parametrize("kind", ["read", "write"])
@pytest.mark.parametrize("fault", FAILING_EARLY)
async def test_a_single_fault_is_retried_and_the_customer_never_learns_of_it(
    world: Any, read: CallRequest, write: CallRequest, fault: Fault, kind: str
) -> None:
    world.service.faults.append(fault)
    result = await world.gateway.call(read if kind == "read" else write)
    assert isinstance(result, CallSucceeded)
    assert result.attempts == 2
    assert world.service.effects == (0 if kind == "read" else 1)


async def test_a_write_that_timed_out_after_its_effect_and_is_called_again_has_the_same_key_and_one_effect(
    world: Any, write: CallRequest
) -> None:
    world.service.faults.append(Fault.HANG_AFTER)
    hung = await world.gateway.call(write)
    assert isinstance(hung, CallFailed)
    assert (hung.error_class, hung.attempts) == (ErrorClass.TIMEOUT, 1)
    result = await world.gateway.call(write)
    assert isinstance(result, CallSucceeded)
    assert result.output["note_id"] == "note_1"
    keys = {call.headers["idempotency-key"] for call in world.service.calls}
    assert len(world.service.calls) == 2
    assert len(keys) == 1
    assert world.service.effects == 1


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_the_first_attempt_has_the_whole_time_of_the_contract(
    world: Any, read: CallRequest, write: CallRequest, kind: str
) -> None:
    world.service.entries = [{**entry, "timeout_ms": 1500} for entry in world.service.entries]
    await world.catalog.refresh()
    world.service.delay_s = 1.0
    result = await world.gateway.call(read if kind == "read" else write)
    assert isinstance(result, CallSucceeded)
    assert result.attempts == 1
    assert float(world.service.calls[0].headers[DEADLINE_MS]) > 1400


async def test_a_retry_has_only_what_the_attempt_before_has_left(world: Any, read: CallRequest) -> None:
    world.service.faults.append(Fault.RESET)
    assert isinstance(await world.gateway.call(read), CallSucceeded)
    first, second = (float(call.headers[DEADLINE_MS]) for call in world.service.calls)
    assert second < first <= 1000 * TIMEOUT_S


async def test_a_slow_answer_within_the_time_is_simply_an_answer(world: Any, read: CallRequest) -> None:
    world.service.delay_s = 0.1
    result = await world.gateway.call(read)
    assert isinstance(result, CallSucceeded)
    assert result.attempts == 1
    assert result.ms >= 100


async def test_a_call_never_takes_longer_than_what_is_left_of_the_turn(world: Any, read: CallRequest) -> None:
    world.service.always = Fault.HANG
    started = time.perf_counter()
    result = await world.gateway.call(replace(read, timeout_s=0.1))
    assert time.perf_counter() - started < 0.1 + SLACK_S
    assert isinstance(result, CallFailed)
    assert result.code is ProblemCode.DEADLINE_EXCEEDED


async def test_a_turn_without_any_time_left_sends_nothing(world: Any, read: CallRequest) -> None:
    result = await world.gateway.call(replace(read, timeout_s=0.0))
    assert isinstance(result, CallFailed)
    assert result.error_class is ErrorClass.TIMEOUT
    assert world.service.calls == []


async def test_a_wish_to_come_back_later_is_honoured_when_it_fits(world: Any, read: CallRequest) -> None:
    world.service.retry_after_s = 1
    world.service.faults.append(Fault.BUSY_429)
    result = await world.gateway.call(read)
    assert isinstance(result, CallFailed)
    assert (result.code, result.attempts) == (ProblemCode.RATE_LIMITED, 1)


@pytest.mark.parametrize("code", [ProblemCode.ORDER_NOT_FOUND, ProblemCode.FORBIDDEN, ProblemCode.NOT_REFUNDABLE])
async def test_a_refusal_of_the_business_is_told_at_once_and_not_repeated(
    world: Any, read: CallRequest, code: ProblemCode
) -> None:
    world.service.problem = code
    result = await world.gateway.call(read)
    assert isinstance(result, CallFailed)
    assert (result.code, result.attempts) == (code, 1)
    assert result.detail == f"{PROBLEMS[code].title}."


async def test_a_repeated_write_waits_for_the_result_of_the_first_one(world: Any, write: CallRequest) -> None:
    world.service.problem = ProblemCode.IDEMPOTENCY_IN_FLIGHT
    call = asyncio.create_task(world.gateway.call(write))
    await eventually(lambda: len(world.service.calls) >= 4)
    world.service.problem = None
    result = await call
    assert isinstance(result, CallSucceeded)
    assert result.attempts > 4


async def test_an_outage_sends_at_most_a_tenth_more_requests_than_calls(world: Any, read: CallRequest) -> None:
    world.service.problem = ProblemCode.RATE_LIMITED
    calls = 200
    for _ in range(calls):
        await world.gateway.call(read)
    assert len(world.service.calls) <= 1.1 * calls + 1
    assert world.counted("aiguy_tool_retries_refused_total", tool="get_order_status") > 0


async def test_a_call_is_tried_as_often_as_its_contract_says_and_no_more(world: Any, read: CallRequest) -> None:
    for _ in range(30):
        await world.gateway.call(read)
    world.service.problem = ProblemCode.OVERLOADED
    result = await world.gateway.call(read)
    assert isinstance(result, CallFailed)
    assert result.attempts == 3


async def test_no_further_attempt_is_made_once_the_breaker_has_opened_in_between(world: Any, read: CallRequest) -> None:
    world.service.always = Fault.ERROR_500
    for _ in range(4):
        await world.gateway.call(read)
    assert len(world.service.calls) == 5


async def test_garbage_is_counted_and_never_shown(world: Any, read: CallRequest) -> None:
    world.service.always = Fault.WRONG_SHAPE
    result = await world.gateway.call(read)
    assert isinstance(result, CallFailed)
    assert result.code is ProblemCode.INTERNAL
    assert world.counted("aiguy_tool_garbage_total", tool="get_order_status") == result.attempts


async def test_a_service_that_is_gone_is_a_transient_failure(world: Any, read: CallRequest) -> None:
    await world.service.stop()
    result = await world.gateway.call(read)
    assert isinstance(result, CallFailed)
    assert result.error_class is ErrorClass.TRANSIENT
