"""Counting in Redis: all limits of a request in one question, in their order; and whatever happens to Redis or to its
clock, a limit binds again and nobody is locked out for longer than a window.
"""

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import redis.asyncio
from limits import parse

from servicekit.kit import open_redis
from servicekit.limiter import RateLimiter
from servicekit.spare import SpareRedis
from servicekit.telemetry import Metrics
from servicekit.windows import Count, Full, RedisWindows, wait_s

pytestmark = pytest.mark.service


def counts(**rates: str) -> list[Count]:
    return [Count(parse(rate), ("test", name)) for name, rate in rates.items()]


async def passed(limiter: RateLimiter, asked: list[Count], times: int) -> int:
    return sum([await limiter.spend(asked) is None for _ in range(times)])


@pytest_asyncio.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    client = open_redis(redis_url)
    await client.flushdb()
    yield client
    await client.aclose(close_connection_pool=True)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def limiter(client: "redis.asyncio.Redis", metrics: Metrics) -> RateLimiter:
    return RateLimiter.with_redis(SpareRedis(client, metrics), metrics)


def without_redis(metrics: Metrics) -> float:
    found = metrics.registry.collect()
    return sum(
        sample.value for one in found for sample in one.samples
        if sample.name == "aiguy_rate_limit_without_redis_total"
    )  # fmt: skip


async def test_all_limits_of_a_request_are_one_question(client, limiter) -> None:
    await limiter.spend(counts(warm="5/minute"))
    before = (await client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert await limiter.spend(counts(a="5/minute", b="5/minute", c="5/second", d="500/hour")) is None
    assert (await client.info("commandstats"))["cmdstat_evalsha"]["calls"] == before + 1


async def test_what_comes_behind_a_full_limit_is_not_counted(limiter) -> None:
    first, full, last, shared = counts(first="9/minute", full="1/minute", last="2/minute", shared="200/minute")
    await limiter.spend([shared])
    assert await limiter.spend([full]) is None
    for _ in range(3):
        refused = await limiter.spend([first, full, last, shared])
        assert refused is not None
        assert refused.count == full
    assert await passed(limiter, [last], 5) == 2
    assert await passed(limiter, [first], 9) == 6
    assert await passed(limiter, [shared], 250) == 199


async def test_of_a_high_limit_ever_more_is_taken_and_at_its_end_one_by_one(client, limiter) -> None:
    high = counts(high="1005/minute")
    for asked, taken in ((1, b"1 0"), (4, b"7 0"), (8, b"15 0"), (8, b"25 0")):  # 1 + 2 + 4 + 8 + 10: one percent
        assert await passed(limiter, high, asked) == asked
        assert await client.get(f"aiguy:limit:{high[0].key}") == taken
    other = RateLimiter.with_redis(SpareRedis(client, Metrics()), Metrics())
    assert await passed(other, high, 2000) + await passed(limiter, high, 10) == 1005 - 21


async def test_two_replicas_never_let_more_through_than_one(client, limiter) -> None:
    other = RateLimiter.with_redis(SpareRedis(client, Metrics()), Metrics())
    low = counts(low="7/minute")
    assert sum([await passed(one, low, 1) for one in (limiter, other) * 10]) == 7


@pytest.mark.parametrize("wipe", ["flushall", "script_flush"])
async def test_a_wiped_redis_counts_again_from_the_next_request_on(client, limiter, metrics, wipe: str) -> None:
    low = counts(low="3/minute")
    assert await passed(limiter, low, 1) == 1
    await getattr(client, wipe)()
    left = 3 if wipe == "flushall" else 2
    assert await passed(limiter, low, 9) == left
    assert without_redis(metrics) == 0


@pytest.mark.parametrize("spoil", ["no time to live", "a clock set back", "not ours"])
async def test_a_count_that_would_never_end_is_begun_anew(client, limiter, metrics, spoil: str) -> None:
    low = counts(low="3/minute")
    key = f"aiguy:limit:{low[0].key}"
    assert await passed(limiter, low, 9) == 3
    match spoil:
        case "no time to live":
            await client.persist(key)
        case "a clock set back":
            await client.expire(key, 7200)
        case "not ours":
            await client.set(key, b"rubbish", ex=60)
    assert await passed(limiter, low, 9) == 3
    assert 60_000 < await client.pttl(key) <= 120_000
    assert without_redis(metrics) == 0


async def test_a_key_of_another_type_is_an_error_that_is_counted_and_does_not_open_the_door(
    client, limiter, metrics
) -> None:
    low = counts(low="3/minute")
    await client.rpush(f"aiguy:limit:{low[0].key}", "rubbish")
    await client.expire(f"aiguy:limit:{low[0].key}", 90)
    assert await passed(limiter, low, 9) == 3
    assert without_redis(metrics) == 9


async def test_whoever_waits_as_long_as_told_gets_a_place_and_not_much_earlier(client) -> None:
    windows, dice = RedisWindows(client), random.Random(7)
    for number in range(200):
        limit = Count(parse(f"{dice.randrange(1, 30)}/minute"), ("wait", str(number)))
        most, left_ms = limit.limit.amount, dice.randrange(10_000, 60_000)
        earlier = dice.randrange(most + 1)
        now = most - earlier * left_ms // 60_000

        async def full_after(waited_s: float, held=(limit, now, earlier, left_ms)) -> Full | None:
            one, now, earlier, left_ms = held
            rest_ms = left_ms + 60_000 - int(waited_s * 1000)
            await client.set(f"aiguy:limit:{one.key}", f"{now} {earlier}", px=rest_ms)
            return (await windows.take([one], [1]))[1]

        full = await full_after(0)
        assert full is not None
        # A little besides: time does pass between two questions.
        assert await full_after(full.wait_s + 0.5) is None
        assert full.wait_s < 1 or await full_after(full.wait_s - 0.9) is not None


@pytest.mark.parametrize(
    ("earlier", "left_s", "waits"), [(0, 40.0, 40.0), (20, 30.5, 0.5), (5, 46.0, 10.0), (1, 59.0, 59.0)]
)
def test_the_wait_is_until_a_place_is_free(earlier: int, left_s: float, waits: float) -> None:
    assert wait_s(60, earlier, left_s) == pytest.approx(waits)
