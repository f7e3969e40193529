"""The fault proxy: what passes, what is late, what hangs, what is cut."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from onebox.faults import FaultProxy


@asynccontextmanager
async def echo_server() -> AsyncIterator[int]:
    """A server that sends back each line; gives its port."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    async with echo_server() as port:
        made = FaultProxy(port)
        await made.start()
        yield made
        await made.stop()


class Link:
    """One connection through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, text: str) -> str:
        """Send a line, return the answer. Raises ConnectionError when the connection is closed instead."""
        self.writer.write(f"{text}\n".encode())
        answer = await self.reader.readline()
        if not answer:
            raise ConnectionResetError
        return answer.decode().strip()


async def connect(proxy: FaultProxy) -> Link:
    return Link(*await asyncio.open_connection("127.0.0.1", proxy.port))


async def test_it_passes_everything_by_default(proxy: FaultProxy) -> None:
    link = await connect(proxy)

    assert await link.say("one") == "one"
    assert await link.say("two") == "two"
    assert proxy.connections == 1


async def test_a_delayed_answer_comes_late_and_only_inside_the_block(proxy: FaultProxy) -> None:
    link = await connect(proxy)

    async with proxy.delayed(0.3):
        started = time.monotonic()
        assert await link.say("late") == "late"
        assert time.monotonic() - started >= 0.3
    async with asyncio.timeout(0.25):
        assert await link.say("at once") == "at once"


async def test_an_answer_in_several_pieces_is_as_late_as_one_in_one() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in (b"head ", b"body ", b"end"):
            await asyncio.sleep(0.05)  # each arrives on its own
            writer.write(piece)
            await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    proxy = FaultProxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    try:
        async with proxy.delayed(1), asyncio.timeout(2):
            link = await connect(proxy)
            assert await link.reader.readexactly(len(b"head body end")) == b"head body end"
    finally:
        await proxy.stop()
        server.close()


async def test_a_hanging_upstream_answers_when_it_is_freed(proxy: FaultProxy) -> None:
    link = await connect(proxy)
    proxy.hang()
    answer = asyncio.create_task(link.say("waiting"))
    _, pending = await asyncio.wait({answer}, timeout=0.2)
    assert pending

    proxy.passing()

    assert await asyncio.wait_for(answer, 5) == "waiting"


async def test_reset_cuts_open_and_new_connections(proxy: FaultProxy) -> None:
    link = await connect(proxy)
    assert await link.say("before") == "before"

    proxy.reset()

    with pytest.raises(ConnectionError):
        await link.say("after")
    other = await connect(proxy)
    with pytest.raises(ConnectionError):
        await other.say("after")


async def test_an_answer_is_cut_in_the_middle_of_its_body(proxy: FaultProxy) -> None:
    link = await connect(proxy)
    proxy.cut()

    link.writer.write(b"abcdefgh\n")
    assert await link.reader.read() == b"abcd"


@pytest.mark.parametrize("at_once", [True, False])
async def test_the_head_of_an_answer_that_is_cut_passes_whole(at_once: bool) -> None:
    head, body = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n", b"12345678"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head + body if at_once else head)
        await writer.drain()
        if not at_once:
            await reader.read(1)
            writer.write(body)
        await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    proxy = FaultProxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    proxy.cut()
    try:
        link = await connect(proxy)
        assert await link.reader.readexactly(len(head)) == head
        link.writer.write(b"go on")
        assert await link.reader.read() == b"1234"
    finally:
        await proxy.stop()
        server.close()


async def test_another_answer_is_given_although_the_upstream_got_the_request(proxy: FaultProxy) -> None:
    link = await connect(proxy)
    proxy.replace(b"HTTP/1.1 500 No\r\n\r\n")

    link.writer.write(b"hello\n")
    assert await link.reader.read() == b"HTTP/1.1 500 No\r\n\r\n"
    proxy.passing()
    assert await (await connect(proxy)).say("again") == "again"


async def test_an_upstream_that_is_not_there_closes_the_connection() -> None:
    async with echo_server() as port:
        pass
    proxy = FaultProxy(port)
    await proxy.start()
    link = await connect(proxy)
    try:
        with pytest.raises(ConnectionError):
            await link.say("anyone?")
    finally:
        await proxy.stop()
