"""A database that is there and says nothing: a frozen server, a firewall that drops. Everything is given up in time."""

import asyncio
import time
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import pytest

from contracts.errors import ProblemCode
from servicekit.db import Database
from servicekit.db.pool import UNDO_TIMEOUT_S
from servicekit.errors import ProblemError

pytestmark = pytest.mark.service
SAMPLE = "servicekit.testing.sample"
INSERT = "INSERT INTO effects (owner, note) VALUES ('a', 'b')"
STATEMENT_S = 0.3


class Line:
    """A line to a server. Unless it is `alive` nothing comes through in either way, and nobody hangs up."""

    def __init__(self, url: str) -> None:
        self._upstream = urlsplit(url)
        self.alive = asyncio.Event()
        self.alive.set()
        self._tasks: set[asyncio.Task] = set()

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        who = self._upstream.netloc.rpartition("@")[0]
        return urlunsplit(self._upstream._replace(netloc=f"{who}@127.0.0.1:{port}"))

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        there = await asyncio.open_connection(self._upstream.hostname, self._upstream.port)
        with suppress(ConnectionError):
            await asyncio.gather(self._pass(reader, there[1]), self._pass(there[0], writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self.alive.wait()
            writer.write(data)
        writer.close()


@pytest.fixture
async def line(database_url):
    return Line(database_url(SAMPLE))


@pytest.fixture
async def database(line, request):
    async with line as url:
        opened = await Database.connect(url, size=1, statement_timeout_s=getattr(request, "param", STATEMENT_S))
        async with opened.primary() as connection:
            await connection.execute("TRUNCATE effects")
        yield opened
        line.alive.set()
        await opened.close()


async def _given_up(work):
    began = time.monotonic()
    with pytest.raises(ProblemError) as caught:
        await work
    assert time.monotonic() - began < STATEMENT_S + UNDO_TIMEOUT_S + 1.0
    return caught.value.code


async def _read(database):
    async with database.read() as connection:
        return await connection.fetchval("SELECT count(*) FROM effects")


async def _write(database):
    async with database.transaction() as connection:
        await connection.execute(INSERT)


@pytest.mark.parametrize("work", [_read, _write])
async def test_a_statement_that_gets_no_answer_is_given_up_in_our_words(database, line, work):
    line.alive.clear()
    assert await _given_up(work(database)) is ProblemCode.DEADLINE_EXCEEDED


async def test_a_transaction_that_goes_silent_is_undone_and_its_place_in_the_pool_is_free_again(database, line):
    async def half_done():
        async with database.transaction() as connection:
            await connection.execute(INSERT)
            line.alive.clear()
            await connection.execute(INSERT)

    assert await _given_up(half_done()) is ProblemCode.DEADLINE_EXCEEDED
    line.alive.set()
    # The pool has one place: it would not be free if the silent connection still held it.
    assert await _read(database) == 0
    await _write(database)
    assert await _read(database) == 1


@pytest.mark.parametrize("database", [60.0], indirect=True)
@pytest.mark.parametrize("work", [_read, _write])
async def test_who_is_cancelled_while_nothing_comes_back_is_let_go(database, line, work):
    line.alive.clear()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(work(database), 0.1)
    assert time.monotonic() - began < 2 * UNDO_TIMEOUT_S + 1.0
    line.alive.set()
    assert await _read(database) == 0
