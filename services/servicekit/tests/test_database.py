"""Pools, transactions, migrations, and what a failing database is told as."""

import asyncio
import os
import subprocess
import sys

import asyncpg
import pytest

from contracts.errors import ProblemCode
from servicekit.db import Database
from servicekit.db.migrate import NewerDatabase, migrate
from servicekit.errors import ProblemError

pytestmark = pytest.mark.service
SAMPLE = "servicekit.testing.sample"
INSERT = "INSERT INTO effects (owner, note) VALUES ('a', 'b')"


@pytest.fixture
async def database(database_url):
    opened = await Database.connect(database_url(SAMPLE), size=3)
    async with opened.primary() as connection:
        await connection.execute("TRUNCATE effects")
    yield opened
    await opened.close()


async def count(database):
    async with database.read() as connection:
        return await connection.fetchval("SELECT count(*) FROM effects")


async def code_of(work):
    with pytest.raises(ProblemError) as caught:
        await work
    return caught.value.code


async def test_a_transaction_commits_at_the_end_of_the_with(database):
    async with database.transaction() as connection:
        await connection.execute(INSERT)
        assert await count(database) == 0
    assert await count(database) == 1


async def test_any_error_undoes_a_transaction(database):
    async def work():
        async with database.transaction() as connection:
            await connection.execute(INSERT)
            raise KeyError

    with pytest.raises(KeyError):
        await work()
    assert await count(database) == 0


async def test_a_cancelled_transaction_is_undone_and_gives_its_connection_back(database):
    async def work():
        async with database.transaction() as connection:
            await connection.execute(INSERT)
            await connection.execute("SELECT pg_sleep(30)")

    for _ in range(5):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(work(), 0.05)
    assert await count(database) == 0


async def test_reads_go_to_the_replica_and_writes_to_the_primary(postgres_server):
    primary, replica = postgres_server.create(SAMPLE), postgres_server.create(SAMPLE)
    database = await Database.connect(primary, replica_url=replica, size=2)
    async with database.transaction() as connection:
        await connection.execute(INSERT)
    assert database.has_replica
    assert await count(database) == 0
    async with database.primary() as connection:
        assert await connection.fetchval("SELECT count(*) FROM effects") == 1
    await database.close()


async def test_a_database_that_nobody_reaches_is_down():
    database = await Database.connect("postgresql://a:b@127.0.0.1:1/x")
    assert await code_of(database.check()) is ProblemCode.DEPENDENCY_DOWN
    await database.close()
    assert await code_of(database.check()) is ProblemCode.DEPENDENCY_DOWN


async def test_a_wrong_password_is_down_too(database_url):
    database = await Database.connect(database_url(SAMPLE).replace(":", ":x", 2).replace(":x//", "://"))
    assert await code_of(database.check()) is ProblemCode.DEPENDENCY_DOWN
    await database.close()


async def test_a_connection_killed_in_use_is_down_and_the_next_call_works(database):
    async def suicide():
        async with database.transaction() as connection:
            await connection.fetchval("SELECT pg_terminate_backend(pg_backend_pid())")

    assert await code_of(suicide()) is ProblemCode.DEPENDENCY_DOWN
    assert await count(database) == 0


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT 1 / 0", ProblemCode.INVALID_REQUEST),
        ("SELECT 99999999999::int", ProblemCode.INVALID_REQUEST),
        ("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'serialization_failure'; END $$", ProblemCode.OVERLOADED),
        ("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'deadlock_detected'; END $$", ProblemCode.OVERLOADED),
        ("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'too_many_connections'; END $$", ProblemCode.DEPENDENCY_DOWN),
        ("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'query_canceled'; END $$", ProblemCode.DEADLINE_EXCEEDED),
    ],
)
async def test_what_the_database_says_becomes_a_problem_in_our_words(database, sql, code):
    async def run():
        async with database.read() as connection:
            await connection.execute(sql)

    assert await code_of(run()) is code


async def test_a_programming_error_stays_one(database):
    with pytest.raises(asyncpg.UndefinedTableError):
        async with database.read() as connection:
            await connection.execute("SELECT * FROM nowhere")


async def test_migrating_twice_changes_nothing(postgres_server):
    url = postgres_server.create()
    migrate(SAMPLE, url)
    migrate(SAMPLE, url)
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT count(*) FROM audit_heads") == 32
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "0001"
    await connection.close()


async def test_the_database_of_a_later_release_is_left_as_it_is(postgres_server):
    url = postgres_server.create()
    migrate(SAMPLE, url)
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabase, match="9999"):
        migrate(SAMPLE, url)
    environment = {**os.environ, "AIGUY_DATABASE_URL": url}
    command = [sys.executable, "-m", "servicekit.db.migrate", SAMPLE]
    job = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True, timeout=120)
    assert (job.returncode, "A later release" in job.stderr) == (0, True), job.stderr
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "9999"
    await connection.close()


def test_two_processes_that_migrate_at_once_do_not_collide(postgres_server):
    environment = {**os.environ, "AIGUY_DATABASE_URL": postgres_server.create()}
    command = [sys.executable, "-m", "servicekit.db.migrate", SAMPLE]
    both = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(2)]
    ends = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends


@pytest.mark.parametrize("package", ["no_such_package", "contracts"])
def test_a_package_without_migrations_is_named(package):
    with pytest.raises(ValueError, match=package):
        migrate(package, "postgresql://x")
