"""What one client may do: how often, how much, how slowly, and under which address."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from contracts.errors import PROBLEM_MEDIA_TYPE, Problem, ProblemCode
from contracts.turn import MAX_TEXT

from .conftest import OpenDoor
from .door import Door
from .upstream import Upstream

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
BURST = 3
SLOW_RATE = {"AIGUY_GATEWAY_RATE": "1r/m", "AIGUY_GATEWAY_BURST": str(BURST)}


async def test_who_asks_too_often_is_told_when_to_come_again(another_door: OpenDoor, upstream: Upstream) -> None:
    async with another_door(**SLOW_RATE) as door, door.client() as client:
        answers = [await client.get("/openapi.json") for _ in range(BURST + 2)]
    assert [answer.status_code for answer in answers] == [200] * (BURST + 1) + [429]
    problem = Problem.model_validate(answers[-1].json())
    assert (problem.code, problem.retryable) == (ProblemCode.RATE_LIMITED, True)
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert "retry-after" not in answers[0].headers


async def test_a_forged_address_gives_nobody_more(another_door: OpenDoor, upstream: Upstream) -> None:
    async with another_door(**SLOW_RATE) as door, door.client() as client:
        forged = [{"x-forwarded-for": f"203.0.113.{number}", "x-real-ip": "203.0.113.9"} for number in range(BURST + 2)]
        answers = [await client.get("/openapi.json", headers=headers) for headers in forged]
    assert [answer.status_code for answer in answers] == [200] * (BURST + 1) + [429]
    assert {seen.headers["x-forwarded-for"] for seen in upstream.seen} == {"127.0.0.1"}
    assert not any("x-real-ip" in seen.headers for seen in upstream.seen)


async def test_a_site_that_asks_in_its_visitors_place_is_not_one_client(
    another_door: OpenDoor, upstream: Upstream
) -> None:
    known = {"AIGUY_GATEWAY_SITES": "203.0.113.7/32 1;", "AIGUY_GATEWAY_TRUSTED": "set_real_ip_from 127.0.0.1;"}
    async with another_door(**SLOW_RATE, **known) as door, door.client() as client:
        site = {"x-forwarded-for": "203.0.113.7"}
        asked = [(await client.get("/openapi.json", headers=site)).status_code for _ in range(BURST + 5)]
        other = [(await client.get("/openapi.json", headers={"x-forwarded-for": "203.0.113.8"})).status_code
                 for _ in range(BURST + 2)]  # fmt: skip
    assert asked == [200] * (BURST + 5)
    assert other == [200] * (BURST + 1) + [429]


async def test_behind_a_proxy_of_ours_each_client_has_a_limit_and_only_what_the_proxy_adds_counts(
    another_door: OpenDoor, upstream: Upstream
) -> None:
    trusted = {"AIGUY_GATEWAY_TRUSTED": "set_real_ip_from 127.0.0.1;"}
    async with another_door(**SLOW_RATE, **trusted) as door, door.client() as client:
        said = [f"198.51.100.{number}, 203.0.113.7" for number in range(BURST + 2)]
        one = [(await client.get("/openapi.json", headers={"x-forwarded-for": who})).status_code for who in said]
        other = await client.get("/openapi.json", headers={"x-forwarded-for": "203.0.113.8"})
    assert one == [200] * (BURST + 1) + [429]
    assert other.status_code == 200
    assert upstream.seen[-1].headers["x-forwarded-for"] == "203.0.113.8"


@pytest.mark.parametrize("path", ["/chat", "/api/agent/messages"])
async def test_more_messages_than_can_be_answered_are_turned_away_unread_and_nothing_else_is(
    another_door: OpenDoor, upstream: Upstream, path: str
) -> None:
    trusted = {"AIGUY_GATEWAY_TRUSTED": "set_real_ip_from 127.0.0.1;"}
    async with another_door(AIGUY_GATEWAY_MESSAGES="1r/m", **trusted) as door, door.client() as client:
        said = [
            await client.post(path, json={"text": "Hello"}, headers={"x-forwarded-for": f"203.0.113.{one}"})
            for one in range(53)
        ]
        other = await client.get("/openapi.json")
    assert [answer.status_code for answer in said] == [200] * 51 + [503] * 2, "each of another client"
    problem = Problem.model_validate(said[-1].json())
    assert (problem.code, problem.retryable, problem.retry_after_s) == (ProblemCode.OVERLOADED, True, 5)
    assert said[-1].headers["retry-after"] == "5"
    assert (other.status_code, len(upstream.seen)) == (200, 52)


async def test_one_client_has_a_number_of_streams_at_once(another_door: OpenDoor, upstream: Upstream) -> None:
    accept = {"accept": "text/event-stream"}
    async with another_door(AIGUY_GATEWAY_CONNECTIONS="1") as door, door.client() as client, door.client() as second:
        async with client.stream("GET", "/api/agent/stream", headers=accept) as first:
            assert first.status_code == 200
            assert (await second.get("/openapi.json")).status_code == 429
        # What the upstream still holds open ends with it.
        await upstream.events.put(b"")


@pytest.mark.parametrize(
    ("path", "field", "most"),
    [("/api/agent/messages", "text", 64 * 1024), ("/api/agent/knowledge/documents", "body", 2 * 1024 * 1024)],
)
async def test_a_large_body_is_refused_unread(
    door: Door, client: httpx.AsyncClient, upstream: Upstream, path: str, field: str, most: int
) -> None:
    def sized(size: int) -> bytes:
        start = b'{"documents":[{"body":"' if field == "body" else b'{"text":"'
        end = b'"}]}' if field == "body" else b'"}'
        return start + b"x" * (size - len(start) - len(end)) + end

    headers = {"content-type": "application/json", "authorization": "Bearer aaa.bbb.ccc"}
    assert (await client.post(path, content=sized(most), headers=headers)).status_code == 200
    upstream.seen.clear()
    answer = await client.post(path, content=sized(most + 1), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (413, PROBLEM_MEDIA_TYPE)
    assert Problem.model_validate(answer.json()).code is ProblemCode.PAYLOAD_TOO_LARGE
    assert (await client.post(path, content=_pieces(sized(most + 1)), headers=headers)).status_code == 413, "unsized"
    assert upstream.seen == []
    assert [file for file in (door.state / "client_body").rglob("*") if file.is_file()] == [], "no body in a file"


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 8192):
        yield body[start : start + 8192]


async def test_the_longest_message_passes_however_it_is_written(client: httpx.AsyncClient, upstream: Upstream) -> None:
    # Twelve bytes for each, as json.dumps writes it.
    longest = {"message": "\U0001f600" * MAX_TEXT}
    body = json.dumps(longest).encode()
    answer = await client.post("/chat", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert json.loads(upstream.seen[0].body) == longest


@pytest.mark.parametrize(
    "said",
    [b"GET /chat HTTP/1.1\r\nHost: x\r\n", b"POST /chat HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"],
    ids=["in its headers", "in its body"],
)
async def test_a_slow_client_is_closed(another_door: OpenDoor, upstream: Upstream, said: bytes) -> None:
    async with another_door(AIGUY_GATEWAY_SLOW="1s") as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(said)
        # nginx by itself would wait for a minute.
        async with asyncio.timeout(30):
            assert b"200" not in (await _until_closed(reader))
        writer.close()
    assert upstream.seen == []


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize(
    ("most", "more"),
    [
        ("&".join(f"a{number}=1" for number in range(50)), "&a=1"),
        ("n" * 100 + "=1", "&" + "n" * 101 + "=1"),
        ("a=" + "v" * 400, "v"),
    ],
    ids=["fields", "a name", "a value"],
)
async def test_a_query_has_bounds(door: Door, upstream: Upstream, most: str, more: str) -> None:
    async with door.client() as client:
        answers = [await client.get(f"/openapi.json?{query}") for query in (most, most + more)]
    assert [answer.status_code for answer in answers] == [200, 403]
    assert Problem.model_validate(answers[-1].json()).code is ProblemCode.FORBIDDEN
    assert len(upstream.seen) == 1
