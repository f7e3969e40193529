"""Cached reads: sealed, per customer, dropped after a write, and never in the way when Redis is not there."""

import asyncio
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from redis.exceptions import ConnectionError as RedisDown

from orchestrator.tools.cache import ReadCache
from orchestrator.tools.calls import CallRequest, CallSucceeded
from orchestrator.tools.metrics import ToolMetrics
from orchestrator.tools.testing import Fault
from servicekit.clock import SystemClock
from servicekit.kit import open_redis
from servicekit.spare import SpareRedis
from servicekit.telemetry import Metrics
from servicekit.testing import FakeClock, eventually


class FakeRedis:
    """The two commands of the cache over a dict; `broken` raises, `slow` never answers."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.ttls: dict[str, int] = {}
        self.broken = False
        self.slow = False

    async def mget(self, *keys: str) -> list[bytes | None]:
        await self._trouble()
        return [self.kept.get(key) for key in keys]

    async def set(self, key: str, value: bytes | str, *, ex: int) -> None:
        await self._trouble()
        self.kept[key] = value.encode() if isinstance(value, str) else value
        self.ttls[key] = ex

    async def _trouble(self) -> None:
        if self.broken:
            raise RedisDown("no")
        if self.slow:
            await asyncio.Event().wait()


@pytest.fixture
def cache_redis() -> FakeRedis:
    return FakeRedis()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))


async def cached(world: Any, request: CallRequest) -> bool:
    result = await world.gateway.call(request)
    assert isinstance(result, CallSucceeded)
    return result.cached


async def test_the_same_question_is_answered_from_the_cache(world: Any, read: CallRequest) -> None:
    first = await world.gateway.call(read)
    second = await world.gateway.call(replace(read, turn_id="trn_2"))
    assert isinstance(second, CallSucceeded)
    assert (second.cached, second.attempts) == (True, 0)
    assert isinstance(first, CallSucceeded)
    assert second.output == first.output
    assert len(world.service.calls) == 1


async def test_what_a_proven_address_reads_is_kept_for_nobody_and_its_token_says_so(
    world: Any, read: CallRequest
) -> None:
    guest = replace(read, subject="guest_1", role="guest", email=None, proven_email="ada@example.com")
    for who in (guest, replace(guest, proven_email="ada+x@example.com"), guest):
        assert not await cached(world, who)
    told = [jwt.decode(
        one.headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False}
    ) for one in world.service.calls]  # fmt: skip
    assert [(one["role"], one["proven_email"]) for one in told] == [
        ("guest", "ada@example.com"), ("guest", "ada+x@example.com"), ("guest", "ada@example.com"),
    ]  # fmt: skip
    assert not any("email" in one for one in told)


async def test_another_customer_or_question_or_tool_is_asked_anew(world: Any, read: CallRequest) -> None:
    await world.gateway.call(read)
    assert not await cached(world, replace(read, subject="cust_ben"))
    assert not await cached(world, replace(read, arguments={"order_id": "XYZ789"}))
    assert not await cached(world, replace(read, tool="get_order"))


async def test_redis_sees_neither_orders_nor_customers_in_clear(
    world: Any, read: CallRequest, cache_redis: FakeRedis
) -> None:
    await world.gateway.call(read)
    await eventually(lambda: cache_redis.kept)
    seen = b"".join([*cache_redis.kept.values(), *(key.encode() for key in cache_redis.kept)])
    for secret in (b"ABC123", b"cust_ada", b"shipped", b"get_order_status"):
        assert secret not in seen
    assert list(cache_redis.ttls.values()) == [300]


async def test_an_entry_that_was_moved_or_tampered_with_is_ignored(
    world: Any, read: CallRequest, cache_redis: FakeRedis
) -> None:
    await world.gateway.call(read)
    await world.gateway.call(replace(read, subject="cust_ben"))
    await eventually(lambda: len(cache_redis.kept) == 2)
    ada, ben = list(cache_redis.kept)
    cache_redis.kept[ben] = cache_redis.kept[ada]
    assert not await cached(world, replace(read, subject="cust_ben"))
    cache_redis.kept[ada] = cache_redis.kept[ada][:-1] + b"\x00"
    assert not await cached(world, read)
    assert world.counted("aiguy_tool_cache_failures_total", operation="open") == 2


@pytest.mark.parametrize(
    ("tool", "arguments"), [("get_order_status", {"order_id": "ABC123"}), ("list_orders", {})], ids=lambda one: str(one)
)
async def test_a_write_makes_the_customers_look_ups_fresh_again_and_nobody_elses(
    world: Any, read: CallRequest, write: CallRequest, clock: FakeClock, tool: str, arguments: dict[str, str]
) -> None:
    read = replace(read, tool=tool, arguments=arguments)
    ben = replace(read, subject="cust_ben")
    await world.gateway.call(read)
    await world.gateway.call(ben)
    await world.gateway.call(write)
    assert not await cached(world, read)
    assert await cached(world, ben)
    clock.advance(5)
    assert not await cached(world, read)
    assert await cached(world, read)


async def test_a_write_whose_outcome_is_unknown_drops_them_too(
    world: Any, read: CallRequest, write: CallRequest
) -> None:
    await world.gateway.call(read)
    world.service.always = Fault.HANG_AFTER
    await world.gateway.call(write)
    world.service.always = None
    assert not await cached(world, read)


async def test_a_failure_is_never_kept(world: Any, read: CallRequest, cache_redis: FakeRedis) -> None:
    world.service.always = Fault.ERROR_500
    await world.gateway.call(read)
    assert cache_redis.kept == {}


@pytest.mark.parametrize("trouble", ["broken", "slow"])
async def test_without_redis_the_call_goes_on_and_that_is_counted(
    world: Any, read: CallRequest, cache_redis: FakeRedis, trouble: str
) -> None:
    setattr(cache_redis, trouble, True)
    async with asyncio.timeout(1):
        assert not await cached(world, read)
    assert world.counted("aiguy_tool_cache_failures_total", operation="get") == 1
    await eventually(lambda: world.counted("aiguy_tool_cache_failures_total", operation="put") == 1)


async def test_nobody_waits_until_an_answer_is_kept_but_who_asks_the_same_again(
    world: Any, read: CallRequest, cache_redis: FakeRedis
) -> None:
    may_store, asked = asyncio.Event(), cache_redis.set

    async def held(key: str, value: bytes | str, *, ex: int) -> None:
        await may_store.wait()
        await asked(key, value, ex=ex)

    cache_redis.set = held  # type: ignore[method-assign]
    first = await world.gateway.call(read)
    assert isinstance(first, CallSucceeded)
    assert cache_redis.kept == {}
    again = asyncio.create_task(cached(world, read))
    may_store.set()
    assert await again
    assert len(world.service.calls) == 1


@pytest.mark.service
async def test_a_real_server_keeps_and_returns_an_answer(world: Any, read: CallRequest, redis_url: str) -> None:
    redis = open_redis(redis_url)
    entry = world.catalog.entry("get_order_status")
    cache = ReadCache(SpareRedis(redis, Metrics()), b"k" * 32, SystemClock(), ToolMetrics(Metrics()))
    slot = cache.slot(entry, f"cust_{secrets.token_hex(4)}", b"{}")
    assert slot is not None
    cache.put(slot, {"status": "shipped"})
    assert await cache.get(slot, "get_order_status") == {"status": "shipped"}
    await redis.aclose(close_connection_pool=True)
