"""Several processes of a service on one port."""

import os
import subprocess
import sys
from collections import Counter

import httpx
import pytest

from servicekit.embedded import free_port
from servicekit.testing import eventually

pytestmark = pytest.mark.service
SERVER = """
import os
from fastapi import APIRouter
from servicekit.app import create_app, run_service
from servicekit.settings import ServiceSettings
router = APIRouter()
@router.get("/livez-of")
async def who() -> int:
    return os.getpid()
run_service("orders", lambda: create_app(settings=ServiceSettings(service="orders"), title="x", routers=[router]))
"""


@pytest.fixture
def start(settings, tmp_path):
    """Starts a service on a port, with what else it is told."""
    processes = []

    def started(port, **more):
        told = {
            **os.environ, "AIGUY_PORT": str(port), "AIGUY_DATABASE_URL": settings.database_url,
            "AIGUY_REDIS_URL": settings.redis_url, **more,
        }  # fmt: skip
        with (tmp_path / f"{len(processes)}.log").open("wb") as log:
            processes.append(subprocess.Popen([sys.executable, "-c", SERVER], env=told, stdout=log, stderr=log))
        return processes[-1]

    yield started
    for process in processes:
        process.kill()
        process.wait()


async def who_answers(port: int) -> int:
    """The process that takes a new connection; 0: nobody does."""
    async with httpx.AsyncClient() as caller:
        try:
            return (await caller.get(f"http://127.0.0.1:{port}/livez-of")).json()
        except httpx.TransportError:
            return 0


async def test_both_take_connections_and_the_other_goes_on_when_one_ends(start):
    port = free_port()
    first, second = (start(port, AIGUY_SHARE_PORT="1") for _ in range(2))
    seen = Counter()

    async def both():
        seen[await who_answers(port)] += 1
        return {first.pid, second.pid} <= set(seen)

    await eventually(both, 90)
    first.kill()
    first.wait()
    assert {await who_answers(port) for _ in range(20)} == {second.pid}


async def test_without_it_the_second_does_not_start(start):
    port = free_port()
    first = start(port)

    async def up():
        return await who_answers(port) == first.pid

    await eventually(up, 90)
    second = start(port)
    await eventually(lambda: second.poll() is not None, 90)
    assert second.returncode != 0
    assert await who_answers(port) == first.pid
