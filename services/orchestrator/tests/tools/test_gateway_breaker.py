"""The breaker of a tool: opens after five errors, rejects at once, lets one probe through, closes."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.errors import ProblemCode
from orchestrator.tools.calls import CallFailed, CallRequest, CallSucceeded
from orchestrator.tools.testing import Fault
from servicekit.testing import FakeClock, eventually


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))


async def open_breaker(world: Any, request: CallRequest) -> None:
    world.service.always = Fault.ERROR_500
    while world.gateway.breaker_states().get(request.tool) != "open":
        await world.gateway.call(request)
    world.service.received.clear()


async def test_it_opens_after_five_errors(world: Any, read: CallRequest) -> None:
    await open_breaker(world, read)
    assert world.counted("aiguy_tool_attempts_total", tool="get_order_status", result="internal") == 5
    assert world.counted("aiguy_tool_breaker_open", tool="get_order_status") == 1


async def test_while_it_is_open_calls_are_rejected_within_5_ms_and_none_reaches_the_tool(
    world: Any, read: CallRequest
) -> None:
    await open_breaker(world, read)
    times = []
    for _ in range(50):
        started = time.perf_counter()
        result = await world.gateway.call(read)
        times.append(time.perf_counter() - started)
        assert isinstance(result, CallFailed)
        assert (result.code, result.attempts) == (ProblemCode.CIRCUIT_OPEN, 0)
    # The median: a busy machine may take the processor away from single calls.
    assert sorted(times)[25] <= 0.005
    assert world.service.calls == []


async def test_other_tools_of_the_same_service_go_on(world: Any, read: CallRequest) -> None:
    await open_breaker(world, read)
    world.service.always = None
    assert isinstance(await world.gateway.call(replace(read, tool="get_order")), CallSucceeded)


async def test_after_a_minute_exactly_one_probe_is_sent_and_its_success_closes_it(
    world: Any, read: CallRequest, clock: FakeClock
) -> None:
    await open_breaker(world, read)
    clock.advance(61)
    world.service.always = None
    world.service.delay_s = 0.1
    results = await asyncio.gather(*(world.gateway.call(read) for _ in range(20)))
    assert len(world.service.calls) == 1
    assert sum(isinstance(result, CallSucceeded) for result in results) == 1
    assert world.gateway.breaker_states()["get_order_status"] == "closed"
    assert isinstance(await world.gateway.call(read), CallSucceeded)


async def test_a_probe_that_fails_opens_it_for_another_minute(world: Any, read: CallRequest, clock: FakeClock) -> None:
    await open_breaker(world, read)
    clock.advance(61)
    await world.gateway.call(read)
    assert len(world.service.calls) == 1
    clock.advance(30)
    await world.gateway.call(read)
    assert len(world.service.calls) == 1


async def test_a_cancelled_probe_does_not_keep_the_tool_away_for_ever(
    world: Any, read: CallRequest, clock: FakeClock
) -> None:
    await open_breaker(world, read)
    clock.advance(61)
    world.service.always = Fault.HANG
    probe = asyncio.create_task(world.gateway.call(read))
    await eventually(lambda: len(world.service.calls) == 1)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    world.service.always = None
    assert isinstance(await world.gateway.call(read), CallSucceeded)


async def test_refusals_of_the_business_never_open_it(world: Any, read: CallRequest) -> None:
    world.service.problem = ProblemCode.ORDER_NOT_FOUND
    for _ in range(20):
        await world.gateway.call(read)
    assert world.gateway.breaker_states()["get_order_status"] == "closed"


async def test_an_open_breaker_is_said_in_plain_words(world: Any, read: CallRequest) -> None:
    assert world.gateway.notes() == ()
    await open_breaker(world, read)
    assert world.gateway.notes() == ("The order system is down.",)


async def test_once_the_rest_is_over_nobody_is_told_that_it_is_down_so_that_somebody_probes(
    world: Any, read: CallRequest, clock: FakeClock
) -> None:
    await open_breaker(world, read)
    clock.advance(61)
    assert world.gateway.breaker_states()["get_order_status"] == "half_open"
    assert world.gateway.notes() == ()
