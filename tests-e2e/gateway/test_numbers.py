"""The door's numbers: how requests ended, what the WAF refused, who asked too often, how many connections there are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from onebox.door_numbers import serve
from onebox.front_door import TOLD
from servicekit.embedded import free_port
from servicekit.testing import eventually

from .conftest import OpenDoor
from .test_limits import BURST, SLOW_RATE

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
Numbers = dict[tuple[str, str], float]


@asynccontextmanager
async def counting(another_door: OpenDoor, **told: str) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A client of a door, and the address of its numbers."""
    hear, at = free_port(), free_port()
    line = f"access_log syslog:server=127.0.0.1:{hear},nohostname numbers;"
    async with another_door(services={"billing": free_port()}, AIGUY_GATEWAY_NUMBERS=line, **told) as door:
        until = asyncio.Event()
        address = f"http://{TOLD}:{door.port}/"
        served = asyncio.create_task(serve(("127.0.0.1", hear), ("127.0.0.1", at), address, until))
        try:
            async with door.client() as client:
                yield client, f"http://127.0.0.1:{at}/metrics"
        finally:
            until.set()
            await served


async def numbers(url: str) -> Numbers:
    async with httpx.AsyncClient() as client:
        families = text_string_to_metric_families((await client.get(url)).text)
        return {
            (one.name, "".join(one.labels.values())): one.value for family in families for one in family.samples
            if not one.name.endswith("_created")
        }  # fmt: skip


async def test_each_request_is_counted_by_how_it_ended_and_by_who_refused_it(another_door: OpenDoor) -> None:
    async with counting(another_door) as (client, url):
        answers = [
            await client.get("/openapi.json"), await client.get("/nothing"), await client.get("/webhooks/stripe"),
            await client.get("/openapi.json?q=<script>alert(1)</script>"),
        ]  # fmt: skip
        assert [one.status_code for one in answers] == [200, 404, 502, 403]
        assert not [one for one in answers if "x-door-refused" in one.headers], "between the door's two servers only"

        async def counted() -> Numbers | None:
            told = await numbers(url)
            return told if sum(v for (name, _), v in told.items() if name == "aiguy_door_requests_total") == 4 else None

        told = await eventually(counted, 5)
        assert told["aiguy_door_requests_total", "2xx"] == 1
        assert told["aiguy_door_requests_total", "4xx"] == 2
        assert told["aiguy_door_requests_total", "5xx"] == 1
        assert told["aiguy_door_refused_total", "waf"] == 1
        assert told["aiguy_door_connections", "all"] >= 1


async def test_who_asks_too_often_is_counted_by_itself(another_door: OpenDoor) -> None:
    async with counting(another_door, **SLOW_RATE) as (client, url):
        statuses = [(await client.get("/openapi.json")).status_code for _ in range(BURST + 5)]
        many = statuses.count(429)
        assert many > 0

        async def counted() -> bool:
            told = await numbers(url)
            return told["aiguy_door_requests_total", "429"] == told["aiguy_door_refused_total", "limit"] == many

        assert await eventually(counted, 5)


async def test_messages_that_are_too_many_are_counted_by_themselves(another_door: OpenDoor) -> None:
    async with counting(another_door, AIGUY_GATEWAY_MESSAGES="1r/m") as (client, url):
        statuses = [(await client.post("/chat", json={"message": "Hello"})).status_code for _ in range(54)]
        many = statuses.count(503)
        assert many > 0

        async def counted() -> bool:
            return (await numbers(url))["aiguy_door_refused_total", "overload"] == many

        assert await eventually(counted, 5)


async def test_no_request_that_comes_in_by_the_door_sees_the_connections(another_door: OpenDoor) -> None:
    async with another_door() as door, door.client() as client:
        for host in ("127.0.0.1", TOLD, f"{TOLD}:{door.port}"):
            answer = await client.get("/", headers={"host": host})
            assert "Active connections" not in answer.text
