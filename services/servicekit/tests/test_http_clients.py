"""Both HTTP clients against a small server that misbehaves on demand: one suite, the same answers."""

import asyncio
import contextlib
import socket

import pytest

from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.http.client import HttpFailure
from servicekit.http.httpx_client import HttpxClient
from servicekit.testing import eventually


class Server:
    """Speaks just enough HTTP/1.1; the path chooses the fault. `open` counts connections, `seen` keeps requests."""

    def __init__(self):
        self.open = 0
        self.accepted = 0
        self.seen = []
        self.release = asyncio.Event()
        self.tasks = set()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self.release.set()
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        self.open += 1
        self.accepted += 1
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):  # the client hung up
                while head := await reader.readuntil(b"\r\n\r\n"):
                    lines = head.decode().split("\r\n")
                    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
                    body = await reader.readexactly(int(headers.get("content-length", 0)))
                    self.seen.append((lines[0], headers, body))
                    await self.answer(lines[0].split()[1], reader, writer, body)
                    await writer.drain()
        finally:
            self.open -= 1
            with contextlib.suppress(ConnectionError):
                writer.close()

    async def answer(self, path, reader, writer, body):
        def head(status="200 OK", *lines):
            writer.write("\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode())

        if path == "/echo":
            head("200 OK", f"Content-Length: {len(body)}", "X-Answer: Yes", "Set-Cookie: a=b; Path=/")
            writer.write(body)
        elif path == "/redirect":
            head("302 Found", "Location: /echo", "Content-Length: 0")
        elif path == "/error":
            head("503 Service Unavailable", "Content-Length: 2")
            writer.write(b"no")
        elif path == "/silent":
            await self.release.wait()
        elif path == "/stall":
            head("200 OK", "Content-Length: 10")
            writer.write(b"12345")
            await writer.drain()
            await self.release.wait()
        elif path == "/stream":
            head("200 OK", "Transfer-Encoding: chunked")
            for piece in (b"one", b"two"):
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                await writer.drain()
            writer.write(b"0\r\n\r\n")
        elif path == "/endless":
            head("200 OK", "Transfer-Encoding: chunked")
            writer.write(b"3\r\none\r\n")
            await writer.drain()
            await reader.read()  # until the client goes away
            raise EOFError
        elif path == "/cut":
            head("200 OK", "Content-Length: 10")
            writer.write(b"12345")
            await writer.drain()
            raise EOFError
        elif path == "/cut-chunks":
            head("200 OK", "Transfer-Encoding: chunked")
            writer.write(b"3\r\none\r\n")
            await writer.drain()
            raise EOFError
        elif path == "/reset":
            writer.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
            )
            writer.transport.abort()
            raise EOFError
        elif path == "/garbage":
            writer.write(b"\x00\x01 not http at all\r\n\r\n")
            await writer.drain()
            raise EOFError
        elif path == "/large":
            head("200 OK", "Content-Length: 3000000")
            writer.write(b"x" * 3_000_000)


@pytest.fixture
async def server():
    async with Server() as running:
        yield running


@pytest.fixture(params=[AiohttpClient, HttpxClient])
async def client(request):
    made = request.param()
    yield made
    await made.close()


async def failure(work):
    with pytest.raises(HttpFailure) as caught:
        await work
    assert str(caught.value) == f"HTTP request failed: {caught.value.kind}"
    return caught.value.kind


async def read(client, url, **limits):
    limits = {"timeout_s": 5, **limits}
    async with client.stream("GET", url, **limits) as response:
        return [piece async for piece in response.chunks]


async def test_a_request_gets_the_whole_answer(server, client):
    answer = await client.request("POST", f"{server.url}/echo", headers={"x-ask": "1"}, body=b"hello", timeout_s=5)
    assert (answer.status, answer.body, answer.headers["x-answer"]) == (200, b"hello", "Yes")
    [(line, headers, _)] = server.seen
    assert line == "POST /echo HTTP/1.1"
    assert headers["x-ask"] == "1"


async def test_error_statuses_are_answers(server, client):
    answer = await client.request("GET", f"{server.url}/error", timeout_s=5)
    assert (answer.status, answer.body) == (503, b"no")


async def test_redirects_are_not_followed_and_cookies_not_kept(server, client):
    assert (await client.request("GET", f"{server.url}/redirect", timeout_s=5)).status == 302
    await client.request("GET", f"{server.url}/echo", timeout_s=5)
    await client.request("GET", f"{server.url}/echo", timeout_s=5)
    assert len(server.seen) == 3
    assert all("cookie" not in headers for _, headers, _ in server.seen)


async def test_connections_are_used_again(server, client):
    for _ in range(10):
        await client.request("GET", f"{server.url}/echo", timeout_s=5)
    assert server.accepted == 1


async def test_nobody_listening_is_a_connect_failure(client):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert await failure(client.request("GET", f"http://127.0.0.1:{port}/", timeout_s=2)) == "connect"


async def test_silence_before_the_headers_is_a_timeout(server, client):
    assert await failure(client.request("GET", f"{server.url}/silent", timeout_s=0.1)) == "timeout"
    assert await failure(read(client, f"{server.url}/silent", timeout_s=0.1)) == "timeout"


async def test_a_stall_in_the_body_is_a_timeout(server, client):
    assert await failure(client.request("GET", f"{server.url}/stall", timeout_s=0.2)) == "timeout"
    assert await failure(read(client, f"{server.url}/stall", idle_timeout_s=0.1)) == "timeout"


async def test_a_reset_is_a_reset(server, client):
    assert await failure(client.request("GET", f"{server.url}/reset", timeout_s=5)) == "reset"


@pytest.mark.parametrize("path", ["/cut", "/cut-chunks"])
async def test_a_body_cut_short_is_never_taken_for_whole(server, client, path):
    assert await failure(client.request("GET", server.url + path, timeout_s=5)) == "reset"
    assert await failure(read(client, server.url + path)) == "reset"


async def test_garbage_is_a_failure_and_not_quoted(server, client):
    assert await failure(client.request("GET", f"{server.url}/garbage", timeout_s=5)) in ("protocol", "reset")


async def test_a_stream_comes_in_pieces(server, client):
    assert b"".join(await read(client, f"{server.url}/stream")) == b"onetwo"
    assert b"".join(await read(client, f"{server.url}/stream", idle_timeout_s=2)) == b"onetwo"
    assert server.accepted == 1, "a stream that was read to its end gives its connection back"


async def test_leaving_a_stream_early_closes_its_connection(server, client):
    async with client.stream("GET", f"{server.url}/endless", timeout_s=5) as response:
        assert await anext(response.chunks) == b"one"
        assert server.open == 1
    await eventually(lambda: server.open == 0)


async def test_cancelling_a_reader_closes_its_connection(server, client):
    task = asyncio.create_task(read(client, f"{server.url}/endless"))
    await eventually(lambda: server.seen)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: server.open == 0)


async def test_cancelling_a_request_closes_its_connection(server, client):
    task = asyncio.create_task(client.request("GET", f"{server.url}/silent", timeout_s=30))
    await eventually(lambda: server.seen)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    server.release.set()
    await eventually(lambda: server.open == 0)


async def test_the_readers_own_work_is_not_timed(server, client):
    async with client.stream("GET", f"{server.url}/stream", timeout_s=5, idle_timeout_s=0.05) as response:
        first = await anext(response.chunks)
        await asyncio.sleep(0.1)
        rest = [piece async for piece in response.chunks]
    assert b"".join([first, *rest]) == b"onetwo"


async def test_an_oversized_body_is_not_read_to_its_end(server, client):
    kind = await failure(client.request("GET", f"{server.url}/large", timeout_s=5, max_bytes=100_000))
    assert kind == "protocol"
    whole = await client.request("GET", f"{server.url}/large", timeout_s=5)
    assert len(whole.body) == 3_000_000


async def test_a_url_that_is_none_is_a_failure_too(client):
    assert await failure(client.request("GET", "not a url", timeout_s=1)) in ("protocol", "connect")


async def test_a_closed_client_opens_again(server, client):
    await client.request("GET", f"{server.url}/echo", timeout_s=5)
    await client.close()
    await client.close()
    assert (await client.request("GET", f"{server.url}/echo", timeout_s=5)).status == 200


@pytest.mark.parametrize("kind", [AiohttpClient, HttpxClient])
async def test_who_gets_no_place_among_our_own_calls_was_not_failed_by_the_other_side(server, kind):
    client = kind(limit=1)
    holder = asyncio.create_task(read(client, f"{server.url}/endless"))
    await eventually(lambda: server.seen)
    assert await failure(client.request("GET", f"{server.url}/echo", timeout_s=0.1)) == "no_place"
    assert await failure(read(client, f"{server.url}/echo", timeout_s=0.1)) == "no_place"
    assert len(server.seen) == 1
    holder.cancel()
    await asyncio.gather(holder, return_exceptions=True)
    assert (await client.request("GET", f"{server.url}/echo", timeout_s=5)).status == 200
    await client.close()


@pytest.mark.parametrize("kind", [AiohttpClient, HttpxClient])
async def test_every_place_is_free_again_whatever_became_of_its_call(server, kind):
    client = kind(limit=2)
    for path in ("/reset", "/cut", "/silent", "/garbage", "/large"):
        calls = [client.request("GET", server.url + path, timeout_s=0.2, max_bytes=9) for _ in range(4)]
        await asyncio.gather(*calls, return_exceptions=True)
    server.release.set()
    answers = await asyncio.gather(*(client.request("GET", f"{server.url}/echo", timeout_s=5) for _ in range(4)))
    assert {answer.status for answer in answers} == {200}
    await client.close()
