"""The app around the routers: health, lifespan, limits on bodies, a real server."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import APIRouter, Response

from contracts.errors import ProblemCode
from servicekit.app import create_app, run_service
from servicekit.auth import Role
from servicekit.errors import ProblemError
from servicekit.kit import open_kit
from servicekit.settings import ServiceSettings
from servicekit.testing import eventually, running
from servicekit.testing.closing import left_of
from servicekit.testing.sample.tools import Sample
from servicekit.tool_router import tool_router

pytestmark = pytest.mark.service


def app_with(settings, router=None, **more):
    return create_app(settings=settings, title="x", routers=[router or APIRouter()], **more)


async def test_ready_says_what_is_up_and_names_what_is_down(settings):
    broken = False

    async def index():
        if broken:
            raise ProblemError(ProblemCode.INDEX_UNAVAILABLE, "rebuilding")

    async def hangs():
        if broken:
            await asyncio.Event().wait()

    async with running(app_with(settings, checks={"index": index, "broker": hangs})) as client:
        ready = await client.get("/readyz")
        broken = True
        down = await client.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]) == (200, {"database": "up", "index": "up", "broker": "up"})
    assert (down.status_code, down.json()["detail"]) == (503, "broker: timeout, index: rebuilding")


async def test_a_database_that_is_down_does_not_keep_the_service_from_starting(settings):
    away = settings.model_copy(update={"database_url": "postgresql://a:b@127.0.0.1:1/x"})
    async with running(app_with(away)) as client:
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503


@pytest.mark.parametrize("query", ["since=1&since=2", "since=1&%73ince=1", "since=&other=&since="])
async def test_of_two_values_for_one_parameter_none_is_ignored(settings, query):
    router = APIRouter()

    @router.get("/seen")
    async def seen(since: str) -> str:
        return since

    async with running(app_with(settings, router)) as client:
        refused = await client.get(f"/seen?{query}")
        assert (await client.get("/seen?since=1&sinc=1")).status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert "'since' may be given once" in refused.json()["detail"]


async def test_nobody_keeps_an_answer_unless_its_route_says_for_how_long(settings):
    router = APIRouter()

    @router.get("/order")
    async def order():
        return {"of": "Ada"}

    @router.get("/manifest")
    async def manifest(response: Response):
        response.headers["cache-control"] = "max-age=60"
        return {}

    async with running(app_with(settings, router)) as client:
        kept = {
            path: (await client.get(path)).headers.get_list("cache-control") for path in ("/order", "/manifest", "/")
        }
    assert kept == {"/order": ["no-store"], "/manifest": ["max-age=60"], "/": ["no-store"]}


async def test_startup_runs_around_the_life_of_the_app_and_may_add_checks(settings):
    steps = []

    async def check():
        steps.append("checked")

    @asynccontextmanager
    async def startup(kit, app):
        steps.append(kit.settings.service)
        app.state.checks["own"] = check
        yield
        steps.append("stopped")

    async with running(app_with(settings, startup=startup)) as client:
        assert "own" in (await client.get("/readyz")).json()["checks"]
    assert steps == ["orders", "checked", "stopped"]


async def test_an_app_that_is_closed_is_released(settings):
    assert await left_of(lambda: app_with(settings, tool_router(Sample().orders()))) == []


async def test_one_path_may_take_larger_bodies_than_the_others(settings):
    router = APIRouter()

    @router.post("/big")
    @router.post("/small")
    async def count(body: dict[str, str]) -> dict[str, int]:
        return {"n": len(body["x"])}

    app = app_with(settings, router, max_body_bytes=1000, body_limits={"/big": 100_000})
    async with running(app) as client:
        assert (await client.post("/big", json={"x": "y" * 50_000})).json() == {"n": 50_000}
        assert (await client.post("/small", json={"x": "y" * 50_000})).status_code == 413
        assert (await client.post("/big", json={"x": "y" * 150_000})).status_code == 413


async def test_the_frameworks_own_errors_are_problems_without_input_values(settings):
    router = APIRouter()

    @router.get("/n/{number}")
    async def number(number: int, limit: int = 5) -> int:
        return number

    async with running(app_with(settings, router)) as client:
        answer = await client.get("/n/hunter2", params={"limit": "hunter2"})
        document = (await client.get("/openapi.json")).json()
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/number", "/limit"}
    assert "hunter2" not in answer.text
    response = document["paths"]["/n/{number}"]["get"]["responses"]["422"]
    assert list(response["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_settings_of_another_service_do_not_start(settings):
    with pytest.raises(ValueError, match="billing"):
        run_service("billing", lambda: app_with(settings))


SERVER = """
import gc
from fastapi import APIRouter
from servicekit.app import create_app, run_service
from servicekit.settings import ServiceSettings
from servicekit.testing.sample.tools import Sample
from servicekit.tool_router import tool_router
settings = ServiceSettings(service="orders")
heap = APIRouter()
heap.get("/kept")(lambda: gc.get_freeze_count())
routers = [tool_router(Sample().orders()), heap]
run_service("orders", lambda: create_app(settings=settings, title="x", routers=routers))
"""


def started(environment, log):
    with log.open("wb") as out:
        return subprocess.Popen([sys.executable, "-c", SERVER], env=environment, stdout=out, stderr=out)


@pytest.fixture
def port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


async def test_a_real_server_serves_logs_json_lines_and_stops_on_sigterm(settings, port, tmp_path):
    environment = {
        **os.environ, "AIGUY_PORT": str(port), "AIGUY_DATABASE_URL": settings.database_url,
        "AIGUY_REDIS_URL": settings.redis_url,
    }  # fmt: skip
    log = tmp_path / "log"
    process = started(environment, log)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

            async def ready():
                assert process.poll() is None, log.read_text()
                try:
                    return (await client.get("/readyz")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(ready, 30)
            forged = {"x-forwarded-for": "10.0.0.1"}
            refused = await client.post("/tools/get_order_status?email=ada@example.com", json={}, headers=forged)
            assert refused.status_code == 401
            assert "server" not in refused.headers
            kept = (await client.get("/kept")).json()
    finally:
        process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(process.wait, 20)
    lines = log.read_text()
    assert code in (0, -signal.SIGTERM)
    assert '"route":"/tools/get_order_status"' in lines
    assert "ada@example.com" not in lines
    assert "Traceback" not in lines
    assert kept > 0, "the collector walks what start-up made"


async def test_a_forged_forwarded_for_never_buys_a_new_limit(serve):
    async with serve(rate_limit_per_minute=2) as service:
        codes = [
            (
                await service.client.post("/tools/get_order", json={}, headers={"x-forwarded-for": f"10.9.9.{n}"})
            ).status_code
            for n in range(4)
        ]
    assert codes[-1] == 429


async def test_the_default_kit_believes_the_jwks_of_the_settings(settings, issuer, port):
    from servicekit.auth.dependencies import CallerDep
    from servicekit.http.client import HttpResponse
    from servicekit.testing import FakeHttp

    router = APIRouter()

    @router.get("/me")
    async def me(caller: CallerDep) -> str:
        return caller.subject

    async def respond(sent):
        import orjson

        return HttpResponse(200, {}, orjson.dumps(issuer.minter.keys.jwks()))

    known = settings.model_copy(update={"jwks_url": "http://orchestrator/.well-known/jwks.json"})
    http = FakeHttp(respond)
    app = app_with(known, router, kit_factory=lambda given: open_kit(given, http=http))
    token = issuer.minter.mint(audience="orders", subject="cust_ada", role=Role.CUSTOMER, scopes=[])
    async with running(app) as client:
        answer = await client.get("/me", headers={"authorization": f"Bearer {token}"})
    assert answer.json() == "cust_ada"
    assert [sent.url for sent in http.sent] == ["http://orchestrator/.well-known/jwks.json"]
    assert isinstance(known, ServiceSettings)
