"""Rate limits: every route, per caller, shared through Redis, and each process for itself when Redis is gone."""

import asyncio
import random
from bisect import bisect_left
from typing import Annotated

import httpx
import pytest
import redis.asyncio
from fastapi import APIRouter, Depends, FastAPI, Request
from limits import parse
from pydantic import ValidationError

from servicekit.app import create_app
from servicekit.kit import open_kit, open_redis
from servicekit.limiter import RateLimiter
from servicekit.ratelimit import assert_all_limited, limited, peer_key
from servicekit.settings import proxies
from servicekit.spare import SpareRedis
from servicekit.telemetry import Metrics
from servicekit.testing import running
from servicekit.testing.proving import how_many
from servicekit.windows import Count

pytestmark = pytest.mark.service
PATHS = ["/tools/get_order_status", "/tools/add_order_note", "/tools/add_order_note/preview", "/tools/get_order"]


def without_redis(metrics, reason):
    return metrics.registry.get_sample_value("aiguy_rate_limit_without_redis_total", {"reason": reason}) or 0


@pytest.mark.parametrize("path", PATHS)
async def test_every_route_ends_in_429_with_retry_after(serve, issuer, path):
    headers = issuer.bearer("orders", "orders.read_own", subject=f"flood-{path}")
    async with serve(rate_limit_per_minute=5) as service:
        answers = [await service.client.post(path, json={}, headers=headers) for _ in range(7)]
    assert [answer.status_code == 429 for answer in answers] == [False] * 5 + [True] * 2
    assert answers[-1].json()["code"] == "rate_limited"
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_callers_without_a_token_share_the_limit_of_their_address(serve):
    async with serve(rate_limit_per_minute=3) as service:
        codes = [(await service.client.post(path, json={})).status_code for path in PATHS]
    assert codes == [401, 401, 401, 429]


async def test_one_caller_does_not_use_up_anothers_limit(serve, issuer):
    async with serve(rate_limit_per_minute=2) as service:

        async def call(subject):
            headers = issuer.bearer("orders", "orders.read_own", subject=subject)
            return (await service.client.post(PATHS[0], json={"order_id": "ABC123"}, headers=headers)).status_code

        loud = [await call("loud") for _ in range(4)]
        assert loud == [404, 404, 429, 429]
        assert await call("quiet") == 404


async def test_health_and_manifest_are_never_limited(serve):
    async with serve(rate_limit_per_minute=1) as service:
        for path in ("/livez", "/readyz", "/metrics", "/openapi.json", "/.well-known/tools.json"):
            assert [(await service.client.get(path)).status_code for _ in range(3)] == [200] * 3


async def test_a_route_may_have_a_limit_of_its_own_besides(settings, issuer):
    router = APIRouter()

    @router.get("/file", dependencies=[Depends(limited("2/minute", peer_key, name="file"))])
    async def file() -> dict[str, str]:
        return {}

    app = create_app(settings=settings, title="x", routers=[router], kit_factory=open_kit)
    async with running(app) as client:
        assert [(await client.get("/file")).status_code for _ in range(3)] == [200, 200, 429]


async def seen_as(settings, trusted, peer, *forwarded):
    """The address that a request counts against: from the socket `peer`, with X-Forwarded-For headers."""
    router = APIRouter()

    @router.get("/whoami", dependencies=[Depends(limited("1000/minute", peer_key))])
    async def whoami(request: Request) -> str:
        return peer_key(request)

    told = settings.model_copy(update={"trusted_proxies": proxies(trusted)})
    app = create_app(settings=told, title="x", routers=[router], kit_factory=open_kit)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, client=(peer, 4321))
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return (await client.get("/whoami", headers=[("x-forwarded-for", one) for one in forwarded])).json()


async def test_a_forged_forwarding_header_never_helps(settings):
    dice = random.Random(19)
    forged = [f"{dice.randrange(1, 255)}.9.9.{dice.randrange(255)}" for _ in range(5)]
    for header in (*forged, "", "127.0.0.1", "10.0.0.7", "unknown", "'; --", ", ,", "[::1]:80"):
        assert await seen_as(settings, "", "198.51.100.7", header) == "ip:198.51.100.7"
        assert await seen_as(settings, "10.0.0.0/8", "198.51.100.7", header) == "ip:198.51.100.7"
        # Our proxy adds the address that it sees behind whatever the client claims, as text or as a header of its own.
        assert await seen_as(settings, "10.0.0.0/8", "10.0.0.7", f"{header}, 198.51.100.7") == "ip:198.51.100.7"
        assert await seen_as(settings, "10.0.0.0/8", "10.0.0.7", header, "198.51.100.7") == "ip:198.51.100.7"


async def test_behind_two_proxies_of_ours_the_client_is_found(settings):
    chain = "6.6.6.6, 198.51.100.7, 10.1.2.3"
    assert await seen_as(settings, "10.0.0.0/8, 192.0.2.1", "192.0.2.1", chain) == "ip:198.51.100.7"


async def test_the_many_addresses_of_one_ipv6_customer_are_one(settings):
    peers = ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:3::1", "::ffff:198.51.100.7"]
    seen = [await seen_as(settings, "", peer) for peer in peers]
    assert seen == ["ip:2001:db8:1:2::/64", "ip:2001:db8:1:2::/64", "ip:2001:db8:1:3::/64", "ip:198.51.100.7"]


@pytest.mark.parametrize("everybody", ["*", "10.0.0.0/8,*", "proxy.example"])
def test_nobody_is_trusted_by_a_name_or_by_a_star(settings, everybody):
    with pytest.raises(ValidationError):
        type(settings)(**settings.model_dump() | {"trusted_proxies": everybody})


async def test_a_sustained_flood_from_four_workers_stays_within_five_percent(redis_url):
    clients = [open_redis(redis_url) for _ in range(4)]
    limiters = [RateLimiter.with_redis(SpareRedis(client, Metrics()), Metrics()) for client in clients]
    window_s = how_many(2, 60)
    limit, passed = Count(parse(f"400/{window_s}seconds"), ("sustained",)), []
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + 2.5 * window_s

    async def flood(limiter):
        while (now := loop.time()) < ends_at:
            if await limiter.spend([limit]) is None:
                passed.append(now)
            await asyncio.sleep(window_s / 500)

    await asyncio.gather(*map(flood, limiters))
    for client in clients:
        await client.aclose()
    passed.sort()
    most = max(bisect_left(passed, start + window_s) - place for place, start in enumerate(passed))
    assert 0.95 * 400 <= most <= 1.05 * 400


@pytest.mark.parametrize("count", [1, 4])
async def test_replicas_share_one_count_and_hold_it_within_five_percent(redis_url, count):
    clients = [open_redis(redis_url) for _ in range(count)]
    limiters = [RateLimiter.with_redis(SpareRedis(client, Metrics()), Metrics()) for client in clients]
    limit = Count(parse("1000/minute"), (f"shared-{count}",))

    async def flood(limiter):
        return sum([await limiter.spend([limit]) is None for _ in range(1500 // count)])

    allowed = sum(await asyncio.gather(*map(flood, limiters)))
    for client in clients:
        await client.aclose()
    assert 950 <= allowed <= 1000


async def test_without_redis_each_process_counts_for_itself_and_says_why(serve, issuer):
    async with serve(redis_url="redis://127.0.0.1:1/0", rate_limit_per_minute=2) as service:
        headers = issuer.bearer("orders", "orders.read_own")
        answers = [await service.client.post(PATHS[0], json={"order_id": "ABC123"}, headers=headers) for _ in range(3)]
        metrics = service.kit.metrics
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert without_redis(metrics, "connection") == 1
    assert without_redis(metrics, "resting") == 2


async def test_a_redis_that_hangs_costs_a_quarter_of_a_second_once():
    async def never(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    client = redis.asyncio.Redis(port=server.sockets[0].getsockname()[1])
    metrics = Metrics()
    limiter, limit = RateLimiter.with_redis(SpareRedis(client, metrics), metrics), Count(parse("40/minute"), ("a",))
    async with asyncio.timeout(2):
        assert sum([await limiter.spend([limit]) is None for _ in range(50)]) == 40
    await client.aclose()
    server.close()
    assert without_redis(metrics, "timeout") == 1


def test_an_app_with_a_route_that_forgot_its_limit_does_not_start():
    app, router = FastAPI(docs_url=None, redoc_url=None), APIRouter()

    @router.get("/open")
    async def forgotten() -> None: ...

    app.include_router(router, prefix="/deep")
    with pytest.raises(RuntimeError, match="/deep/open"):
        assert_all_limited(app)
    assert_all_limited(app, public_paths=["/deep/open"])


def test_a_limit_anywhere_among_the_dependencies_counts():
    app = FastAPI(openapi_url=None)

    async def caller(_: Annotated[None, Depends(limited("1/minute", peer_key))]) -> None: ...

    @app.get("/guarded", dependencies=[Depends(caller)])
    async def guarded() -> None: ...

    @app.get("/open")
    async def forgotten() -> None: ...

    with pytest.raises(RuntimeError, match=r"rate limit: /open$"):
        assert_all_limited(app)
