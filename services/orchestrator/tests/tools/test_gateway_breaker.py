"""The breaker of a tool: opens after five errors or when it has slowed, rejects at once, lets one probe out, closes."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.errors import ProblemCode
from orchestrator.tools.attempt import call_exchange
from orchestrator.tools.build import build_tools
from orchestrator.tools.callbacks import Callbacks
from orchestrator.tools.calls import CallFailed, CallRequest, CallSucceeded
from orchestrator.tools.circuit import Circuits
from orchestrator.tools.failures import Trouble, from_http_failure
from orchestrator.tools.metrics import ToolMetrics
from orchestrator.tools.retry_budget import GRACE_S
from orchestrator.tools.runner import AttemptLoop
from orchestrator.tools.testing import FakeToolService, Fault
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.http.client import HttpFailure
from servicekit.telemetry import Metrics
from servicekit.testing import FakeClock, eventually

_TIMED_OUT = from_http_failure(HttpFailure("timeout"))


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


@pytest.fixture
async def crowded(world: Any, service: FakeToolService, clock: FakeClock) -> AsyncIterator[Any]:
    """The same world, but for two requests at once at most."""
    http = AiohttpClient(limit=2)
    tools = build_tools(
        urls={"orders": service.url}, http=http, minter=TokenMinter(world.keys, "orchestrator", SystemClock()),
        metrics=Metrics(), clock=clock, callbacks=Callbacks(b"k" * 32, clock),
    )  # fmt: skip
    await tools.catalog.refresh()
    yield replace(world, catalog=tools.catalog, gateway=tools.gateway, http=http)
    await http.close()


class TestWhatIsNotTheToolsFault:
    async def test_calls_that_got_no_place_among_our_own_do_not_open_it(
        self, service: Any, crowded: Any, read: CallRequest
    ) -> None:
        service.always = Fault.HANG
        holders = [
            asyncio.create_task(crowded.http.request("POST", f"{service.url}/tools/get_order", timeout_s=30))
            for _ in range(2)
        ]
        await eventually(lambda: len(service.calls) == 2)
        service.always = None
        for _ in range(6):
            result = await crowded.gateway.call(read)
            assert isinstance(result, CallFailed)
            assert result.code is ProblemCode.OVERLOADED
        assert crowded.gateway.breaker_states()[read.tool] == "closed"
        for holder in holders:
            holder.cancel()
        await asyncio.gather(*holders, return_exceptions=True)
        assert isinstance(await crowded.gateway.call(read), CallSucceeded)

    async def test_time_outs_of_a_turn_that_had_less_time_than_the_tool_may_take_do_not_open_it(
        self, world: Any, read: CallRequest
    ) -> None:
        world.service.always = Fault.HANG
        for _ in range(6):
            result = await world.gateway.call(replace(read, timeout_s=0.05))
            assert isinstance(result, CallFailed)
            assert result.code is ProblemCode.DEADLINE_EXCEEDED
        assert world.gateway.breaker_states()[read.tool] == "closed"

    @pytest.mark.parametrize(("late_s", "state"), [(0.3, "closed"), (0.01, "open")])
    async def test_time_outs_that_we_noticed_late_ourselves_do_not_open_it(
        self, world: Any, read: CallRequest, clock: FakeClock, late_s: float, state: str
    ) -> None:
        class Silent:
            async def send(self, exchange: Any, *, timeout_s: float) -> Trouble:
                clock.advance(timeout_s + late_s)
                return from_http_failure(HttpFailure("timeout"))

        counted = ToolMetrics(Metrics())
        circuits = Circuits(clock, counted)
        loop = AttemptLoop(Silent(), circuits, counted, clock, random.Random(7))
        for _ in range(6):
            await loop.run(call_exchange(world.catalog.entry(read.tool), read))
        assert circuits.states()[read.tool] == state

    async def test_a_probe_that_proved_nothing_leaves_its_place_to_the_next(
        self, world: Any, read: CallRequest, clock: FakeClock
    ) -> None:
        await open_breaker(world, read)
        clock.advance(61)
        world.service.always = Fault.HANG
        await world.gateway.call(replace(read, timeout_s=0.05))
        assert world.gateway.breaker_states()[read.tool] == "half_open"
        world.service.always = None
        assert isinstance(await world.gateway.call(read), CallSucceeded)
        assert world.gateway.breaker_states()[read.tool] == "closed"

    async def test_a_retry_that_had_no_time_left_shows_nothing(
        self, world: Any, read: CallRequest, clock: FakeClock
    ) -> None:
        class LateThenSilent:
            async def send(self, exchange: Any, *, timeout_s: float) -> Trouble:
                whole = timeout_s > 0.3
                clock.advance(0.2 if whole else timeout_s)
                return Trouble(ProblemCode.OVERLOADED, tool_fault=False) if whole else _TIMED_OUT

        counted = ToolMetrics(Metrics())
        circuits = Circuits(clock, counted)
        loop = AttemptLoop(LateThenSilent(), circuits, counted, clock, random.Random(7))
        for _ in range(6):
            clock.advance(GRACE_S)
            done = await loop.run(call_exchange(world.catalog.entry(read.tool), read))
            assert (done.outcome, done.attempts) == (_TIMED_OUT, 2)
        assert circuits.states()[read.tool] == "closed"


class Paced:
    """Answers after as long as it is told to; `ours_s` of it is this process's own computing."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.took_s, self.ours_s, self.computed_s = 0.005, 0.0, 0.0

    async def send(self, exchange: Any, *, timeout_s: float) -> dict[str, Any]:
        self._clock.advance(self.took_s)
        self.computed_s += self.ours_s
        return {}

    def busy(self) -> float:
        """The processor time of the calling thread."""
        return self.computed_s


class TestSlowness:
    """The tool of these tests may take 400 ms, so nothing up to 100 ms is slow."""

    @pytest.fixture
    def tool(self, clock: FakeClock) -> Paced:
        return Paced(clock)

    @pytest.fixture
    def metrics(self) -> Metrics:
        return Metrics()

    @pytest.fixture
    def ask(self, world: Any, read: CallRequest, clock: FakeClock, tool: Paced, metrics: Metrics) -> Any:
        """Asks so many times, one a second; how the breaker stands then."""
        counted = ToolMetrics(metrics)
        circuits = Circuits(clock, counted, busy=tool.busy)
        loop = AttemptLoop(tool, circuits, counted, clock, random.Random(7))  # type: ignore[arg-type]

        async def asked(times: int) -> str:
            for _ in range(times):
                clock.advance(1)
                await loop.run(call_exchange(world.catalog.entry(read.tool), read))
            return circuits.states()[read.tool]

        return asked

    async def test_a_tool_that_answers_later_than_twice_its_p95_rests(
        self, ask: Any, tool: Paced, metrics: Metrics, read: CallRequest, clock: FakeClock
    ) -> None:
        assert await ask(120) == "closed"
        tool.took_s = 0.12
        assert await ask(60) == "open"
        assert 5 <= metrics.registry.get_sample_value("aiguy_tool_slow_total", {"tool": read.tool}) < 60
        clock.advance(60)
        tool.took_s = 0.005
        assert await ask(1) == "closed"

    async def test_a_quick_tool_that_takes_twice_as_long_as_usual_does_not(
        self, ask: Any, tool: Paced, metrics: Metrics, read: CallRequest
    ) -> None:
        await ask(120)
        for tool.took_s in (0.011, 0.099):
            assert await ask(60) == "closed"
        assert not metrics.registry.get_sample_value("aiguy_tool_slow_total", {"tool": read.tool})

    async def test_what_we_computed_meanwhile_is_not_the_tools_time(self, ask: Any, tool: Paced) -> None:
        await ask(120)
        tool.took_s, tool.ours_s = 0.35, 0.3
        assert await ask(200) == "closed"
        tool.ours_s = 0.0
        assert await ask(60) == "open"
