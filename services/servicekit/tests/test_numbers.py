"""Gauges that the database fills, and what a process tells of itself."""

import asyncio

import pytest

from servicekit.db.pool import Database
from servicekit.kit import open_redis
from servicekit.telemetry import Metrics
from servicekit.telemetry.numbers import Number, Numbers
from servicekit.telemetry.process import measure_process
from servicekit.telemetry.sharing import PREFIX, Reading, SharedReading
from servicekit.testing import eventually

pytestmark = pytest.mark.service

WAITING = Number("aiguy_effects", "How many.", "SELECT count(*) FROM effects")
BY_SIDE = Number(
    "aiguy_effects_by_side", "By side.", "SELECT 'left', count(*) FROM effects HAVING count(*) > 0",
    labels=("side",), series=(("left",), ("right",)),
)  # fmt: skip
GONE = Number(
    "aiguy_effects_gone", "Only while there are none.", "SELECT 'none', 1 WHERE NOT EXISTS (SELECT FROM effects)",
    labels=("why",),
)  # fmt: skip


async def test_a_gauge_is_what_the_database_says_and_its_series_come_and_go(settings):
    database = await Database.connect(settings.database_url)
    metrics = Metrics()
    value = metrics.registry.get_sample_value
    numbers = Numbers(database, metrics, (WAITING, BY_SIDE, GONE))
    try:
        await numbers.read()
        assert value("aiguy_effects") == 0
        assert (
            value("aiguy_effects_by_side", {"side": "left"}) == value("aiguy_effects_by_side", {"side": "right"}) == 0
        )
        assert value("aiguy_effects_gone", {"why": "none"}) == 1
        async with database.primary() as db:
            await db.execute("INSERT INTO effects (owner, note) VALUES ('ada', '')")
        await numbers.read()
        assert value("aiguy_effects") == value("aiguy_effects_by_side", {"side": "left"}) == 1
        assert value("aiguy_effects_by_side", {"side": "right"}) == 0
        assert value("aiguy_effects_gone", {"why": "none"}) is None
    finally:
        await database.close()


async def test_connections_in_use_are_seen_when_they_are_in_use(settings):
    database = await Database.connect(settings.database_url, size=3)
    metrics = Metrics()
    measure_process(metrics, database)
    value = metrics.registry.get_sample_value
    try:
        async with database.primary():
            assert value("aiguy_database_connections", {"state": "in_use"}) == 1
        assert value("aiguy_database_connections", {"state": "in_use"}) == 0
        assert value("aiguy_database_connections", {"state": "idle"}) == 1
        assert value("aiguy_database_connections_most") == 3
        assert value("process_resident_memory_bytes") > 0
    finally:
        await database.close()


async def test_what_is_dear_is_read_by_one_replica_for_all_and_again_after_a_while(settings):
    database = await Database.connect(settings.database_url)
    async with database.primary() as db:
        await db.execute("DROP SEQUENCE IF EXISTS readings; CREATE SEQUENCE readings")
    dear = Number("aiguy_dear", "Each reading counts.", "SELECT nextval('readings')", shared=True)
    cheap = Number("aiguy_cheap", "By side.", "SELECT 'left', 1", labels=("side",), series=(("right",),))
    redis = open_redis(settings.redis_url)
    replicas = []
    try:
        await redis.delete(f"{PREFIX}test-numbers")
        for _ in range(3):
            metrics = Metrics()
            sharing = SharedReading(redis, "test-numbers", 0.5)
            replicas.append((metrics.registry.get_sample_value, Numbers(database, metrics, (dear, cheap), sharing)))
        for value, numbers in replicas:
            await numbers.read()
            assert value("aiguy_dear") == 1, "one has read it, and the others know"
            assert (value("aiguy_cheap", {"side": "left"}), value("aiguy_cheap", {"side": "right"})) == (1, 0)
        assert 0 < await redis.pttl(f"{PREFIX}test-numbers") <= 500

        async def read_again() -> bool:
            await replicas[1][1].read()
            return replicas[1][0]("aiguy_dear") == 2

        await eventually(read_again)
        await replicas[2][1].read()
        assert replicas[2][0]("aiguy_dear") == 2
    finally:
        await redis.aclose()
        async with database.primary() as db:
            await db.execute("DROP SEQUENCE readings")
        await database.close()


async def test_while_another_replica_reads_nobody_else_does_and_its_death_holds_nobody_up(settings):
    redis = open_redis(settings.redis_url)
    begun, go_on = asyncio.Event(), asyncio.Event()
    sharing = [SharedReading(redis, "test-slow", 0.3) for _ in range(2)]

    async def slow() -> Reading:
        begun.set()
        await go_on.wait()
        return {"aiguy_dear": [[7.0]]}

    async def other() -> Reading:
        return {"aiguy_dear": [[8.0]]}

    try:
        await redis.delete(f"{PREFIX}test-slow", f"{PREFIX}test-slow:reading")
        reading = asyncio.create_task(sharing[0].get(slow))
        await begun.wait()
        assert await sharing[1].get(other) is None
        reading.cancel()  # as if its process had died

        async def taken_over() -> bool:
            return await sharing[1].get(other) == {"aiguy_dear": [[8.0]]}

        await eventually(taken_over)
    finally:
        await redis.aclose()


async def test_without_redis_each_replica_reads_by_itself(settings):
    database = await Database.connect(settings.database_url)
    nowhere = open_redis("redis://127.0.0.1:1/0")
    metrics = Metrics()
    dear = Number("aiguy_dear", "Dear.", "SELECT 5", shared=True)
    try:
        await Numbers(database, metrics, (dear,), SharedReading(nowhere, "test-away", 60)).read()
        assert metrics.registry.get_sample_value("aiguy_dear") == 5
    finally:
        await nowhere.aclose()
        await database.close()
