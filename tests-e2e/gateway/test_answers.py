"""What comes back through the door: problems of its own, the service's own answers, headers, streams."""

import json
import re

import httpx
import pytest

from contracts.errors import PROBLEM_MEDIA_TYPE, PROBLEMS, Problem, ProblemCode
from onebox.front_door import Parts
from servicekit.embedded import free_port

from .conftest import OpenDoor
from .upstream import Upstream

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"
TOKEN = {"authorization": "Bearer aaa.bbb.ccc"}
SECURITY = {
    "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}  # fmt: skip


async def test_the_doors_problems_say_what_the_contracts_say(parts: Parts) -> None:
    text = (parts.files / "nginx" / "problems.conf").read_text("utf-8")
    bodies = [line.split("'")[1] for line in text.splitlines() if line.strip().startswith("return ")]
    assert len(bodies) > 8
    for body in bodies:
        told = Problem.model_validate_json(body)
        kind = PROBLEMS[told.code]
        assert (told.title, told.retryable) == (kind.title, kind.retryable)
        assert told.type == f"urn:aiguy:problem:{told.code.value}"


async def test_a_service_that_is_down_is_a_problem_that_can_be_tried_again(another_door: OpenDoor) -> None:
    async with another_door(free_port()) as door, door.client() as client:
        answer = await client.post("/chat", json={"message": "hello"}, headers={"traceparent": TRACEPARENT})
    problem = Problem.model_validate(answer.json())
    assert (answer.status_code, answer.headers["content-type"]) == (502, PROBLEM_MEDIA_TYPE)
    assert (problem.code, problem.retryable, problem.trace_id) == (ProblemCode.DEPENDENCY_DOWN, True, TRACE)
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_service_that_does_not_answer_in_time_is_a_problem(another_door: OpenDoor, upstream: Upstream) -> None:
    async with another_door(AIGUY_GATEWAY_PATIENCE="1s") as door, door.client() as client:
        # The rest of the head never comes.
        upstream.answer = b"HTTP/1.1 200 OK\r\n"
        answer = await client.get("/openapi.json")
    assert (answer.status_code, answer.json()["code"]) == (504, ProblemCode.DEADLINE_EXCEEDED)


async def test_what_a_service_answers_itself_stays_its_own(client: httpx.AsyncClient, upstream: Upstream) -> None:
    body = b'{"code":"forbidden","detail":"its own"}'
    upstream.answer = (
        b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/problem+json\r\nretry-after: 42\r\n"
        b"content-security-policy: script-src 'self'\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    )
    answer = await client.get("/")
    assert (answer.status_code, answer.json()["detail"]) == (429, "its own")
    assert answer.headers.get_list("retry-after") == ["42"]
    assert answer.headers.get_list("content-security-policy") == ["script-src 'self'"]


@pytest.mark.parametrize("path", ["/openapi.json", "/nothing", "/.git/config"])
async def test_every_answer_has_the_security_headers_once(
    client: httpx.AsyncClient, upstream: Upstream, path: str
) -> None:
    answer = await client.get(path)
    assert {name: answer.headers.get_list(name) for name in SECURITY} == {
        name: [told] for name, told in SECURITY.items()
    }
    assert "1.2" not in answer.headers["server"]
    assert len(answer.headers.get_list("x-request-id")) == 1


async def test_a_request_keeps_its_id_and_its_trace(client: httpx.AsyncClient, upstream: Upstream) -> None:
    answer = await client.get("/openapi.json", headers={"x-request-id": "asked-by-shop-1", "traceparent": TRACEPARENT})
    assert answer.headers["x-request-id"] == "asked-by-shop-1"
    seen = upstream.seen[0].headers
    assert (seen["x-request-id"], seen["traceparent"]) == ("asked-by-shop-1", TRACEPARENT)


async def test_an_id_that_is_none_is_replaced(client: httpx.AsyncClient, upstream: Upstream) -> None:
    answer = await client.get("/openapi.json", headers={"x-request-id": "two words", "traceparent": "00-zz"})
    seen = upstream.seen[0].headers
    assert answer.headers["x-request-id"] == seen["x-request-id"]
    assert len(seen["x-request-id"]) == 32


async def test_a_request_without_a_trace_begins_one_that_answers_and_the_log_name_too(
    another_door: OpenDoor, upstream: Upstream
) -> None:
    async with another_door() as door, door.client() as client:
        for headers in ({}, {"traceparent": "00-zz"}, {"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"}):
            await client.get("/openapi.json", headers=headers)
        refused = await client.post("/services/orders/tools/get_order", json={})
    begun = [one.headers["traceparent"] for one in upstream.seen]
    assert all(re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01", one) for one in begun)
    written = [json.loads(line)["trace_id"] for line in (door.state / "access.log").read_text().splitlines()]
    assert written == [*(one.split("-")[1] for one in begun), refused.json()["trace_id"]]
    assert len(set(written)) == 4


async def test_tool_services_are_asked_with_a_token_only(client: httpx.AsyncClient, upstream: Upstream) -> None:
    refused = await client.post("/services/orders/tools/get_order", json={})
    assert (refused.status_code, refused.json()["code"]) == (401, ProblemCode.UNAUTHENTICATED)
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert upstream.seen == []
    assert (await client.post("/services/orders/tools/get_order", json={}, headers=TOKEN)).status_code == 200
    assert upstream.seen[0].line == "POST /tools/get_order HTTP/1.1"
    assert upstream.seen[0].headers["authorization"] == TOKEN["authorization"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/agent/stream"), ("POST", "/chat")])
async def test_events_arrive_as_they_are_sent(
    client: httpx.AsyncClient, upstream: Upstream, method: str, path: str
) -> None:
    headers = {"accept": "text/event-stream", "accept-encoding": "gzip"}
    body = {"message": "hello"} if method == "POST" else None
    async with client.stream(method, path, json=body, headers=headers) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
        assert "content-encoding" not in answer.headers
        pieces = answer.aiter_raw()
        for number in range(5):
            # Nothing follows before this one was seen: an event that is held back would never arrive.
            event = b"id: %d\ndata: piece\n\n" % number
            await upstream.events.put(event)
            assert await anext(pieces) == event
        await upstream.events.put(b"")
        assert [piece async for piece in pieces] == []
