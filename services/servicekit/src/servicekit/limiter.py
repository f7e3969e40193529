"""Counts what callers do, shared by all replicas, and never more than one question to Redis for it."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from servicekit.spare import AwayError, SpareRedis
from servicekit.telemetry.metrics import Metrics
from servicekit.windows import Count, Full, RedisWindows, wait_s

_TIMEOUT_S = 0.25
_MOST_SHARES = 10_000
#: From this limit on, one percent is more than one.
_SHARED_FROM = 200


@dataclass(slots=True)
class _Share:
    left: int
    until: float
    size: int


class RateLimiter:
    """Counts in Redis, in sliding windows. While Redis does not answer, each process counts for itself, so n of them
    allow up to n times as much: a limit is weaker then, and never gone. A metric says why.

    Of a high limit each process takes one, then twice as many each time, up to one percent, and spends that by itself:
    Redis is asked once in a while and not once per request, and a process that is asked once takes one. What is left
    over is lost: a limit may bind up to one percent per process early.
    """

    def __init__(self, spare: SpareRedis | None, metrics: Metrics) -> None:
        self._spare = spare
        self._windows = None if spare is None else RedisWindows(spare.client)
        self._memory = MemoryStorage()
        self._alone = SlidingWindowCounterRateLimiter(self._memory)
        self._shares: OrderedDict[str, _Share] = OrderedDict()
        self._failed = metrics.counter(
            "aiguy_rate_limit_without_redis_total", "Requests counted in one process because Redis did not answer.",
            ("reason",),
        )  # fmt: skip

    @classmethod
    def with_redis(cls, spare: SpareRedis, metrics: Metrics) -> "RateLimiter":
        """Counts in Redis, over its client's own connection pool."""
        return cls(spare, metrics)

    @classmethod
    def in_memory(cls, metrics: Metrics) -> "RateLimiter":
        """Counts in this process only: for tests, and for a service that has no Redis."""
        return cls(None, metrics)

    async def spend(self, counts: Sequence[Count]) -> Full | None:
        """Count one on each, in this order, up to the first that is full: that one, or None when all had a place.

        Redis is asked for all of them at once and has 250 ms to answer, else this process counts.
        """
        now = asyncio.get_running_loop().time()
        asked = [one for one in counts if not self._spend_share(one.key, now)]
        full = await self._ask(asked, now) if asked else None
        if full is not None:
            for one in counts[counts.index(full.count) :]:
                if one not in asked and (share := self._shares.get(one.key)) is not None:
                    share.left += 1
        return full

    async def _ask(self, asked: Sequence[Count], now: float) -> Full | None:
        if self._spare is None or self._windows is None:
            return await self._count_alone(asked)
        windows, wanted = self._windows, [self._wanted(one, now) for one in asked]
        try:
            taken, full = await self._spare.ask("limits", lambda _: windows.take(asked, wanted), _TIMEOUT_S)
        except AwayError as away:
            self._failed.labels(away.reason).inc()
            return await self._count_alone(asked)
        self._keep(asked, taken, now)
        return full

    async def _count_alone(self, asked: Sequence[Count]) -> Full | None:
        for one in asked:
            if not await self._alone.hit(one.limit, *one.of):
                window_s = one.limit.get_expiry()
                earlier, _, _, ends_s = await self._memory.get_sliding_window(one.key, window_s)
                return Full(one, wait_s(window_s, earlier, ends_s - window_s))
        return None

    def _spend_share(self, key: str, now: float) -> bool:
        share = self._shares.get(key)
        if share is None or share.left < 1 or now >= share.until:
            return False
        share.left -= 1
        return True

    def _wanted(self, count: Count, now: float) -> int:
        before = self._shares.get(count.key)
        if before is None or now >= before.until:
            return 1
        return min(before.size * 2, count.limit.amount // 100)

    def _keep(self, asked: Sequence[Count], taken: Sequence[int], now: float) -> None:
        """What was taken and is not spent yet."""
        for one, many in zip(asked, taken, strict=False):  # what comes behind a full one was not taken
            if one.limit.amount < _SHARED_FROM:
                continue
            before = self._shares.get(one.key)
            left = before.left if before is not None and now < before.until else 0
            self._shares[one.key] = _Share(left + many - 1, now + one.limit.get_expiry(), many)
            self._shares.move_to_end(one.key)
            if len(self._shares) > _MOST_SHARES:
                self._shares.popitem(last=False)
