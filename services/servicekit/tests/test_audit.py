"""The audit record: appended, chained, erasable; and each way of changing it is found."""

import asyncio

import asyncpg
import pytest

from servicekit import audit
from servicekit.auth import Caller, Role
from servicekit.chain import GENESIS
from servicekit.db import Database

pytestmark = pytest.mark.service
ADA = Caller("cust_ada", Role.CUSTOMER, "orchestrator", frozenset(), 0.0, actor="orchestrator", token_id="t")
BEN = Caller("cust_ben", Role.CUSTOMER, "orchestrator", frozenset(), 0.0)


@pytest.fixture
async def url(postgres_server):
    return postgres_server.create("servicekit.testing.sample")


@pytest.fixture
async def connection(url):
    opened = await asyncpg.connect(url)
    yield opened
    await opened.close()


async def write(connection, count=1, caller=ADA, **more):
    for number in range(count):
        await audit.record(
            connection, caller=caller, tool="get_order", arguments_digest="d" * 64, outcome="ok",
            request_id=f"r{number}", **more,
        )  # fmt: skip


async def tamper(connection, sql, *values):
    """As somebody who owns the database could: with the triggers switched off."""
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(sql, *values)
    await connection.execute("SET session_replication_role = DEFAULT")


async def test_entries_are_chained_and_verify(connection):
    await write(connection, 50)
    report = await audit.verify(connection)
    assert report.ok
    assert report.entries == 50


async def test_concurrent_writers_do_not_wait_for_each_other_and_break_nothing(url, connection):
    database = await Database.connect(url, size=20)

    async def one(n):
        async with database.transaction() as own:
            await write(own, 3)

    async with database.transaction() as held:
        await write(held)  # this one keeps its chain locked all the while
        async with asyncio.timeout(20):
            await asyncio.gather(*(one(n) for n in range(60)))
    await database.close()
    report = await audit.verify(connection)
    assert (report.ok, report.entries) == (True, 181)


async def test_more_writers_than_chains_wait_and_go_on(url, connection):
    database = await Database.connect(url, size=45)

    async def hold():
        async with database.transaction() as own:
            await write(own)
            await own.execute("SELECT pg_sleep(0.05)")

    async with asyncio.timeout(30):
        await asyncio.gather(*(hold() for _ in range(41)))
    await database.close()
    report = await audit.verify(connection)
    assert (report.ok, report.entries) == (True, 41)


@pytest.mark.parametrize(
    "sql", ["UPDATE audit SET outcome = 'x'", "UPDATE audit SET subject = 'x'", "DELETE FROM audit", "TRUNCATE audit"]
)
async def test_the_table_refuses_changes(connection, sql):
    await write(connection)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await connection.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit SET entry = convert_to(replace(convert_from(entry, 'UTF8'), 'ok', 'no'), 'UTF8') WHERE seq = 2",
        "UPDATE audit SET outcome = 'x' WHERE seq = 2",
        "UPDATE audit SET tool = 'x' WHERE seq = 2",
        "UPDATE audit SET at = at + interval '1 second' WHERE seq = 2",
        "UPDATE audit SET request_id = 'x' WHERE seq = 2",
        "UPDATE audit SET subject = 'cust_ben' WHERE seq = 2",
        "UPDATE audit SET salt = NULL WHERE seq = 2",
        "UPDATE audit SET hash = sha256('x') WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 2",
        "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
        "UPDATE audit SET seq = -seq WHERE seq = 2",
        "UPDATE audit_heads SET seq = seq - 1 WHERE seq > 0",
    ],
)
async def test_an_edit_behind_its_back_is_named(connection, sql):
    await write(connection, 150)  # spread over the chains, some to each
    await tamper(connection, sql)
    report = await audit.verify(connection)
    assert report.breaks
    assert report.breaks[0].why


async def test_a_tail_that_was_cut_together_with_its_head_shows_against_a_checkpoint(connection):
    await write(connection, 40)
    checkpoint = (await audit.verify(connection)).heads
    chain = await connection.fetchval("SELECT chain FROM audit_heads WHERE seq > 0 LIMIT 1")
    await tamper(connection, "DELETE FROM audit WHERE chain = $1", chain)
    await connection.execute("UPDATE audit_heads SET seq = 0, hash = $2 WHERE chain = $1", chain, GENESIS)
    assert (await audit.verify(connection)).ok, "the database alone cannot know"
    assert [found.chain for found in (await audit.verify(connection, checkpoint)).breaks] == [str(chain)]


async def test_erasing_a_person_leaves_the_chain_whole(connection):
    await write(connection, 10)
    await write(connection, 5, caller=BEN)
    assert await audit.erase_subject(connection, "cust_ada") == 10
    report = await audit.verify(connection)
    everything = str([tuple(row) for row in await connection.fetch("SELECT * FROM audit")])
    assert (report.ok, report.entries) == (True, 15)
    assert "cust_ada" not in everything
    assert "cust_ben" in everything


async def test_an_entry_goes_with_its_transaction(connection):
    transaction = connection.transaction()
    await transaction.start()
    await write(connection)
    await transaction.rollback()
    assert (await audit.verify(connection)).entries == 0
