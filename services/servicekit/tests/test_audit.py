"""The audit record: appended, chained, erasable; and each way of changing it is found."""

import asyncio
import hashlib
import time
from datetime import UTC, datetime

import asyncpg
import pytest

from servicekit import audit
from servicekit.audit.record import subject_hash
from servicekit.audit.verify import GENESIS, ChainVerifier
from servicekit.auth import Caller, Role
from servicekit.db import Database
from servicekit.encoding import canonical_json

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
    assert report.breaks[0].reason


async def test_a_tail_that_was_cut_together_with_its_head_shows_against_a_checkpoint(connection):
    await write(connection, 40)
    checkpoint = (await audit.verify(connection)).heads
    chain = await connection.fetchval("SELECT chain FROM audit_heads WHERE seq > 0 LIMIT 1")
    await tamper(connection, "DELETE FROM audit WHERE chain = $1", chain)
    await connection.execute("UPDATE audit_heads SET seq = 0, hash = $2 WHERE chain = $1", chain, GENESIS)
    assert (await audit.verify(connection)).ok, "the database alone cannot know"
    assert [found.chain for found in (await audit.verify(connection, checkpoint)).breaks] == [chain]


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


def chain_of(count):
    previous, rows = GENESIS, []
    at = datetime(2026, 3, 2, tzinfo=UTC)
    for seq in range(1, count + 1):
        entry = canonical_json(
            {
                "at": at.isoformat(),
                "tool": "t",
                "outcome": "ok",
                "request_id": "r",
                "subject_hash": subject_hash(b"s", "a"),
                "n": seq,
            }
        )
        hashed = hashlib.sha256(previous + f"0|{seq}\n".encode() + entry).digest()
        rows.append({
            "seq": seq, "at": at, "tool": "t", "outcome": "ok", "request_id": "r", "entry": entry, "subject": "a",
            "salt": b"s", "prev_hash": previous, "hash": hashed,
        })  # fmt: skip
        previous = hashed
    return rows


def test_every_single_edit_deletion_and_swap_in_a_chain_is_named():
    rows = chain_of(100)
    head = (rows[-1]["seq"], rows[-1]["hash"])

    def broken(changed):
        verifier = ChainVerifier(0)
        verifier.add(changed)
        verifier.end(*head)
        return verifier.broken

    assert broken(rows) is None
    for place in range(len(rows)):
        edited = [*rows]
        edited[place] = {**rows[place], "entry": rows[place]["entry"].replace(b'"ok"', b'"no"')}
        assert broken(edited).seq == place + 1
        assert broken(rows[:place] + rows[place + 1 :]) is not None
        assert broken([*rows[:place], rows[place], *rows[place:]]) is not None
        if place:
            swapped = [*rows]
            swapped[place - 1], swapped[place] = swapped[place], swapped[place - 1]
            assert broken(swapped) is not None


def test_verifying_is_fast():
    rows = chain_of(20_000)
    started = time.process_time()
    verifier = ChainVerifier(0)
    verifier.add(rows)
    assert verifier.broken is None
    assert time.process_time() - started < 1, "20,000 entries take a fifth of a second on a quiet machine"
