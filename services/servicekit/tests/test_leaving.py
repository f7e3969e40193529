"""A process that was told to end: callers learn of it while it still serves, so that none meets a closed door."""

import asyncio
import os
import signal
import subprocess
import sys

import httpx
import pytest

from servicekit.embedded import free_port
from servicekit.testing import eventually

pytestmark = pytest.mark.service
DRAIN_S = 1.5
A_WHILE, FOR_EVER = (pytest.mark.parametrize("leaving", [one], indirect=True) for one in (str(DRAIN_S), "600"))
SERVER = """
from fastapi import APIRouter
from servicekit.app import create_app, run_service
from servicekit.settings import ServiceSettings
run_service("orders", lambda: create_app(settings=ServiceSettings(service="orders"), title="x", routers=[APIRouter()]))
"""


def started(told, log):
    with log.open("wb") as out:
        return subprocess.Popen([sys.executable, "-c", SERVER], env=told, stdout=out, stderr=out)


@pytest.fixture
async def leaving(settings, tmp_path, request):
    """A service that is ready and drains for as long as the test says: its address and its process."""
    port = free_port()
    told = {
        **os.environ, "AIGUY_PORT": str(port), "AIGUY_DATABASE_URL": settings.database_url,
        "AIGUY_REDIS_URL": settings.redis_url, "AIGUY_DRAIN_S": request.param,
    }  # fmt: skip
    process = started(told, tmp_path / "log")
    url = f"http://127.0.0.1:{port}"

    async def ready():
        assert process.poll() is None, (tmp_path / "log").read_text()
        return await status(url) == 200

    try:
        await eventually(ready, 90)
        yield url, process
    finally:
        process.kill()
        process.wait()


async def status(url: str) -> int:
    """What a probe is told that connects anew; 0: the door is closed."""
    async with httpx.AsyncClient() as probe:
        try:
            return (await probe.get(f"{url}/readyz")).status_code
        except httpx.TransportError:
            return 0


@A_WHILE
async def test_it_is_not_ready_but_serves_and_asks_callers_to_connect_elsewhere(leaving):
    url, process = leaving
    async with httpx.AsyncClient(base_url=url) as caller:
        before = await caller.get("/livez")
        process.send_signal(signal.SIGTERM)
        told = asyncio.get_running_loop().time()

        async def unready():
            return await status(url) == 503

        await eventually(unready, DRAIN_S)
        # The caller's connection is the one from before: closed under a request, it would have cost that request.
        after = await caller.get("/livez")
    async with httpx.AsyncClient(base_url=url) as fresh:
        new = await fresh.get("/livez")
    code = await asyncio.to_thread(process.wait, 20)
    took = asyncio.get_running_loop().time() - told
    assert "connection" not in before.headers
    assert [(one.status_code, one.headers["connection"]) for one in (after, new)] == [(200, "close")] * 2
    assert code == -signal.SIGTERM
    assert took >= DRAIN_S, "who was about to connect had no time to hear of it"


@FOR_EVER
async def test_whoever_insists_does_not_wait(leaving):
    url, process = leaving
    process.send_signal(signal.SIGTERM)

    async def unready():
        return await status(url) == 503

    await eventually(unready)
    process.send_signal(signal.SIGINT)
    assert await asyncio.to_thread(process.wait, 20) in (-signal.SIGTERM, -signal.SIGINT)
