"""Requests that two servers might read differently, or that hide where they lead, end at the door."""

import asyncio

import pytest

from contracts.errors import Problem

from .door import Door
from .upstream import Upstream

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
HOST = b"Host: shop.example\r\nConnection: close\r\n"
JSON = b"Content-Type: application/json\r\n"
POST = b"POST /chat HTTP/1.1\r\n" + HOST + JSON
HIDDEN = b"0\r\n\r\nGET /services/orders/metrics HTTP/1.1\r\nHost: x\r\n\r\n"
REFUSED: dict[str, bytes] = {
    "two ways to say how long": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n" + HIDDEN,
    "the other way round": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n" + HIDDEN,
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 50\r\n\r\n{}",
    "two lengths in one": POST + b"Content-Length: 2, 50\r\n\r\n{}",
    "a length below zero": POST + b"Content-Length: -1\r\n\r\n{}",
    "a length with a sign": POST + b"Content-Length: +2\r\n\r\n{}",
    "a length of letters": POST + b"Content-Length: 0x2\r\n\r\n{}",
    "another coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + HIDDEN,
    "a coding twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + HIDDEN,
    "a coding after a tab": POST + b"Transfer-Encoding:\tchunked, identity\r\n\r\n" + HIDDEN,
    "a chunk of no size": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a chunk of a huge size": POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}\r\n0\r\n\r\n",
    "a folded line": b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"X-One: a\r\n Content-Length: 5\r\n\r\n",
    "a name with a blank": b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"X-One : a\r\n\r\n",
    "a null in a header": b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"X-One: a\0b\r\n\r\n",
    "a null in a path": b"GET /openapi.json\0.html HTTP/1.1\r\n" + HOST + b"\r\n",
    "a hidden null": b"GET /openapi.json%00.html HTTP/1.1\r\n" + HOST + b"\r\n",
    "no host": b"GET /openapi.json HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\n\r\n",
    "a host that is a path": b"GET /openapi.json HTTP/1.1\r\nHost: shop.example/../x\r\nConnection: close\r\n\r\n",
    "a host with a blank": b"GET /openapi.json HTTP/1.1\r\nHost: shop example\r\nConnection: close\r\n\r\n",
    "a host of markup": b"GET /openapi.json HTTP/1.1\r\nHost: <script>\r\nConnection: close\r\n\r\n",
    "a version to come": b"GET /openapi.json HTTP/3.0\r\n" + HOST + b"\r\n",
    "a connection to elsewhere": b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method of letters": b"get /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n",
    "up": b"GET /api/agent/../../services/orders/metrics HTTP/1.1\r\n" + HOST + b"\r\n",
    "up, in hiding": b"GET /api/agent/%2e%2e/%2e%2e/services/orders/metrics HTTP/1.1\r\n" + HOST + b"\r\n",
    "up by a slash in hiding": b"GET /api/agent/..%2f..%2fservices/orders/metrics HTTP/1.1\r\n" + HOST + b"\r\n",
    "up, backwards": b"GET /api/agent/..\\..\\services/orders/metrics HTTP/1.1\r\n" + HOST + b"\r\n",
    "up behind a semicolon": b"GET /api/agent/..;/metrics HTTP/1.1\r\n" + HOST + b"\r\n",
    "a parameter of a path": b"GET /openapi.json;x=1 HTTP/1.1\r\n" + HOST + b"\r\n",
    "letters in hiding": b"GET /%6detrics HTTP/1.1\r\n" + HOST + b"\r\n",
    "two slashes to the inside": b"GET //metrics HTTP/1.1\r\n" + HOST + b"\r\n",
    "tools without a token": b"GET //services//orders//tools//get_order HTTP/1.1\r\n" + HOST + b"\r\n",
    "a long line": b"GET /openapi.json?x=" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a long header": b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"X-One: " + b"a" * 9000 + b"\r\n\r\n",
    "headers without end": b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"X-One: " + b"a" * 7000 + b"\r\n"
    + b"".join(b"X-%d: %b\r\n" % (number, b"a" * 7000) for number in range(6)) + b"\r\n",
}  # fmt: skip


async def say(door: Door, raw: bytes) -> bytes:
    """What the door answers to these bytes until it closes; the asker says nothing more, and stays."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(raw)
    try:
        async with asyncio.timeout(60):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
async def test_what_can_be_read_in_two_ways_is_refused_and_reaches_nobody(
    door: Door, upstream: Upstream, raw: bytes
) -> None:
    answer = await say(door, raw)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head[9:12] in {b"400", b"401", b"403", b"404", b"405"}
    assert Problem.model_validate_json(body).status == int(head[9:12])
    assert upstream.seen == []


async def test_a_request_of_no_version_reaches_nobody(door: Door, upstream: Upstream) -> None:
    # There is no head in an answer of that time.
    assert Problem.model_validate_json(await say(door, b"GET /openapi.json\r\n")).status == 400
    assert upstream.seen == []


async def test_what_was_refused_takes_nothing_hidden_with_it(door: Door, upstream: Upstream) -> None:
    hidden = b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n"
    for start in (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"Content-Length: x\r\n\r\n"):
        await say(door, POST + start + hidden)
    assert upstream.seen == []


async def test_an_old_client_is_served_and_so_is_one_that_names_the_whole_address(
    door: Door, upstream: Upstream
) -> None:
    old = await say(door, b"GET /openapi.json HTTP/1.0\r\n" + HOST + b"Accept: */*\r\n\r\n")
    whole = b"GET http://shop.example/openapi.json HTTP/1.1\r\n" + HOST + b"\r\n"
    assert old.startswith(b"HTTP/1.1 200")
    assert (await say(door, whole)).startswith(b"HTTP/1.1 200")
    assert [seen.line for seen in upstream.seen] == ["GET /openapi.json HTTP/1.1"] * 2
    assert [seen.headers["host"] for seen in upstream.seen] == ["shop.example"] * 2


async def test_headers_that_claim_who_asks_are_taken_off(door: Door, upstream: Upstream) -> None:
    claims = (
        b"Forwarded: for=10.0.0.1\r\nX-Real-IP: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\n"
    )
    await say(door, b"GET /openapi.json HTTP/1.1\r\n" + HOST + claims + b"\r\n")
    seen = upstream.seen[0].headers
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert not {"forwarded", "x-real-ip"} & seen.keys()
    assert len(seen["x-request-id"]) == 32
