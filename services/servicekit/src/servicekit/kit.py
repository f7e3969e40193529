"""Opens what a service holds (`Kit`) from its settings, and closes it in the right order."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from servicekit.auth.issuers import Issuer
from servicekit.auth.verification import TokenVerifier
from servicekit.clock import Clock, SystemClock
from servicekit.context import Kit
from servicekit.db.pool import Database
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.http.client import HttpPort
from servicekit.limiter import RateLimiter
from servicekit.settings import ServiceSettings
from servicekit.spare import SpareRedis
from servicekit.telemetry.metrics import Metrics
from servicekit.telemetry.process import measure_process


def open_redis(url: str, *, max_connections: int = 50) -> "redis.asyncio.Redis":
    """A client that waits for a free connection (the default pool raises when it is full). Answers are bytes.

    A command takes a second at most, and is not asked a second time: requests wait for it. (What listens to a channel
    waits as long as it likes.) Whoever can do without asks through `SpareRedis`, which is more impatient still; a
    cancellation alone would not do, because one that comes as the command is just sent is lost in Python 3.11.
    """
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        timeout=1,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 0),
    )
    return redis.asyncio.Redis.from_pool(pool)


@asynccontextmanager
async def open_kit(
    settings: ServiceSettings,
    *,
    issuers: Sequence[Issuer] | None = None,
    audience: str | None = None,
    clock: Clock | None = None,
    http: HttpPort | None = None,
) -> AsyncIterator[Kit]:
    """The kit of a service. By default it believes the orchestrator's keys (`jwks_url`), for the audience `service`."""
    clock = clock or SystemClock()
    metrics = Metrics()
    if issuers is None:
        issuers = [Issuer(settings.token_issuer, jwks_url=settings.jwks_url)] if settings.jwks_url else []
    async with AsyncExitStack() as stack:
        db = await Database.connect(
            settings.database_url, replica_url=settings.database_replica_url, size=settings.database_pool_size
        )
        stack.push_async_callback(db.close)
        measure_process(metrics, db)
        client = open_redis(settings.redis_url)
        stack.push_async_callback(client.aclose, close_connection_pool=True)
        spare = SpareRedis(client, metrics)
        http = http or AiohttpClient()
        stack.push_async_callback(http.close)
        yield Kit(
            settings=settings,
            clock=clock,
            db=db,
            redis=client,
            spare=spare,
            verifier=TokenVerifier(issuers, audience or settings.service, clock, http=http),
            metrics=metrics,
            limiter=RateLimiter.with_redis(spare, metrics),
            http=http,
        )
