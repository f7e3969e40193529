"""Gauges that the database fills, and what a process tells of itself."""

import pytest

from servicekit.db.pool import Database
from servicekit.telemetry import Metrics
from servicekit.telemetry.numbers import Number, Numbers
from servicekit.telemetry.process import measure_process

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
