"""Rate limits per caller. slowapi declares them, as a decorator on a dependency function (its middleware breaks
streams and does not see included routes). Its storage is synchronous: each hit, and each Redis time-out, would stop the
loop. So the hit itself runs on `limits.aio`, slowapi's own engine. Without Redis each process counts for itself.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any, TypeVar

import redis.asyncio
from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import StorageTypes
from slowapi import Limiter

from contracts.errors import ProblemCode
from servicekit.admission import gate
from servicekit.errors import ProblemError
from servicekit.telemetry.metrics import Metrics

Dependency = TypeVar("Dependency", bound=Callable[..., Any])
UNLIMITED = frozenset({"/livez", "/readyz", "/metrics", "/openapi.json"})
#: Manifests and public keys: constant bytes that everybody may have.
WELL_KNOWN = "/.well-known/"
_HIT_TIMEOUT_S = 0.25
_REST_S = 1.0
_MAX_TAKEN = 10_000
#: From this limit on, one percent is more than one hit.
_SHARED_FROM = 200
_MARK = "__aiguy_rate_limit__"


@dataclass(slots=True)
class _Taken:
    size: int
    left: int
    until: float


class RateLimiter:
    """Counts hits in Redis, in sliding windows shared by all replicas. While Redis does not answer, each process counts
    for itself, so n of them allow up to n times as much: a limit is weaker then, and never gone. A metric says why.

    Of a high limit each process takes some hits at a time and spends them by itself, so Redis is asked once in a
    while and not once per request: 1, then 2, 4, … up to one percent of the limit, as long as a caller keeps coming.
    What is left over is lost: a limit may bind up to one percent per process early, never late.
    """

    def __init__(self, storage: StorageTypes, metrics: Metrics) -> None:
        self._taken: OrderedDict[tuple[str, ...], _Taken] = OrderedDict()
        self._strategy = SlidingWindowCounterRateLimiter(storage)
        self._alone = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._failed = metrics.counter(
            "aiguy_rate_limit_without_redis_total", "Requests counted in one process because Redis did not answer.",
            ("reason",),
        )  # fmt: skip
        self._rest_until = 0.0

    @classmethod
    def with_redis(cls, client: "redis.asyncio.Redis", metrics: Metrics) -> "RateLimiter":
        """Counts in Redis, over the client's own connection pool."""
        pool: Any = client.connection_pool
        storage = RedisStorage(
            "async+redis://", implementation="redispy", connection_pool=pool, key_prefix="aiguy:limit"
        )
        return cls(storage, metrics)

    @classmethod
    def in_memory(cls, metrics: Metrics) -> "RateLimiter":
        """Counts in this process only: for tests, and for a service that has no Redis."""
        return cls(MemoryStorage(), metrics)

    async def hit(self, limit: RateLimitItem, *identifiers: str) -> bool:
        """Counts one hit; False when the limit is used up. Redis has 250 ms to answer, else this process counts."""
        now = asyncio.get_running_loop().time()
        name = (str(limit), *identifiers)
        taken = self._taken.get(name)
        share = 1
        if taken is not None and now < taken.until:
            if taken.left > 0:
                taken.left -= 1
                return True
            share = max(1, min(taken.size * 2, limit.amount // 100))
        if now < self._rest_until:  # do not make each request wait for a Redis that is known to be down
            self._failed.labels("resting").inc()
            return await self._alone.hit(limit, *identifiers)
        try:
            async with asyncio.timeout(_HIT_TIMEOUT_S):
                return await self._take(limit, identifiers, name, share, now)
        except TimeoutError:
            reason = "timeout"
        except (redis.exceptions.ConnectionError, OSError):
            reason = "connection"
        except redis.exceptions.RedisError:
            reason = "error"
        self._failed.labels(reason).inc()
        self._rest_until = now + _REST_S
        return await self._alone.hit(limit, *identifiers)

    async def _take(
        self, limit: RateLimitItem, identifiers: tuple[str, ...], name: tuple[str, ...], share: int, now: float
    ) -> bool:
        while not await self._strategy.hit(limit, *identifiers, cost=share):
            if share == 1:
                return False
            share = 1  # near the end of the limit: one by one
        if limit.amount >= _SHARED_FROM:
            before = self._taken.get(name)
            left = before.left if before is not None and now < before.until else 0
            self._taken[name] = _Taken(share, left + share - 1, now + limit.get_expiry())
            self._taken.move_to_end(name)
            if len(self._taken) > _MAX_TAKEN:
                self._taken.popitem(last=False)
        return True


def peer_key(request: Request) -> str:
    """The peer's address: the socket's, or what a trusted proxy says (see `ServiceSettings.trusted_proxies`).

    Of IPv6 the network of 64 bits: that is what one customer of a provider has, and each of its addresses is theirs.
    """
    return f"ip:{_network(request.client.host)}" if request.client else "ip:unknown"


def _network(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host  # a socket of the machine's own
    if isinstance(address, IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address.packed, 64), strict=False))


def limited(rate: str, key: Callable[[Request], Any], *, name: str = "caller") -> Callable[[Request], Any]:
    """A dependency that allows `rate` ("60/minute", "5/second;100/hour") per `key(request)` (awaited when it must be).

    Raises ProblemError(RATE_LIMITED) with Retry-After. `name` parts the counts of several limits.
    """
    items: Sequence[RateLimitItem] = parse_many(rate)
    slow = Limiter(key_func=key, auto_check=False)

    @slow.limit(rate)
    async def rate_limit(request: Request) -> None:
        request.state.view_rate_limit = None  # slowapi's decorator reads it to write its own headers
        if request.scope["path"].startswith(WELL_KNOWN):
            return
        found = key(request)
        identifier: str = await found if asyncio.iscoroutine(found) else found
        hashed = sha256(identifier.encode()).hexdigest()[:32]  # nobody stands in Redis by name
        limiter: RateLimiter = request.app.state.kit.limiter
        service: str = request.app.state.kit.settings.service
        for item in items:
            if not await limiter.hit(item, service, name, hashed):
                raise ProblemError(
                    ProblemCode.RATE_LIMITED, "Too many requests; please slow down.", retry_after_s=retry_after_s(item)
                )

    dependency: Callable[[Request], Any] = gate(marked_limited(rate_limit))
    return dependency


def marked_limited(dependency: Dependency) -> Dependency:
    """Marks a dependency that limits a route in its own way, for `assert_all_limited`."""
    setattr(dependency, _MARK, True)
    return dependency


def retry_after_s(item: RateLimitItem) -> float:
    """In how many seconds the next request may pass."""
    # Under a sliding window one place is free again after expiry / amount seconds.
    return max(1.0, item.get_expiry() / item.amount)


def assert_all_limited(app: FastAPI, *, public_paths: Sequence[str] = (), mark: str = _MARK) -> None:
    """Raises RuntimeError when a route carries no limit, but for health, metrics, /.well-known/ and `public_paths`.

    `mark` is the attribute that its dependency must have: an app with limits of its own kind has its own.
    """
    missing: list[str] = []
    for context in iter_route_contexts(app.routes):
        path = context.path or ""
        if path in UNLIMITED or path in public_paths or path.startswith(WELL_KNOWN):
            continue
        dependant = getattr(context, "dependant", None) if isinstance(context.original_route, APIRoute) else None
        if not (isinstance(dependant, Dependant) and _is_limited(dependant, mark)):
            missing.append(path)
    if missing:
        raise RuntimeError(f"routes without a rate limit: {', '.join(sorted(missing))}")


def _is_limited(dependant: Dependant, mark: str) -> bool:
    return hasattr(dependant.call, mark) or any(_is_limited(child, mark) for child in dependant.dependencies)
