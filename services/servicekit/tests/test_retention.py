"""Rows go when their time is over, in small steps, and no others; every table must have a rule."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import asyncpg
import pytest

from servicekit.db.pool import Database
from servicekit.retention import Forgotten, Kept, Retention, Rule, Swept, kit_rules
from servicekit.settings import ServiceSettings
from servicekit.telemetry import Metrics
from servicekit.testing import FakeClock, eventually
from servicekit.testing.retention import misfits

pytestmark = pytest.mark.service
RULES: tuple[Rule, ...] = (*kit_rules(idempotency_days=30), Kept("effects", "the sample's own"))


@pytest.fixture
async def database(settings: ServiceSettings) -> AsyncIterator[Database]:
    database = await Database.connect(settings.database_url, size=3)
    async with database.primary() as db:
        await db.execute("TRUNCATE idempotency, effects")
    yield database
    await database.close()


async def answered(database: Database, clock: FakeClock, ages_days: Sequence[float]) -> None:
    """Writes that were answered so long ago; each has its age as its key."""
    async with database.primary() as db:
        for age in ages_days:
            await db.execute(
                "INSERT INTO idempotency (caller, route, key, body_hash, status, headers, body, created_at)"
                " VALUES ('ada', '/x', $1, '', 200, '{}', '', $2)", str(age), clock.now() - timedelta(days=age),
            )  # fmt: skip


async def keys(database: Database) -> list[str]:
    async with database.primary() as db:
        return [row[0] for row in await db.fetch("SELECT key FROM idempotency ORDER BY created_at DESC")]


def sweeper(database: Database, clock: FakeClock, rules: Sequence[Rule] = RULES) -> tuple[Retention, Metrics]:
    metrics = Metrics()
    return Retention(database, clock, metrics, rules), metrics


async def test_answers_are_kept_for_their_time_and_not_longer(database: Database, clock: FakeClock) -> None:
    await answered(database, clock, [0, 29.99, 30.01, 400])
    retention, metrics = sweeper(database, clock)
    counted = ("aiguy_rows_forgotten_total", {"table": "idempotency"})
    assert metrics.registry.get_sample_value(*counted) == 0, "seen before anything is forgotten"
    assert await retention.sweep() == 2
    assert await keys(database) == ["0", "29.99"]
    assert metrics.registry.get_sample_value(*counted) == 2
    assert await retention.sweep() == 0


async def test_the_oldest_go_first_and_no_more_than_a_batch_at_once(database: Database, clock: FakeClock) -> None:
    await answered(database, clock, [31, 33, 32, 34])
    retention, _ = sweeper(database, clock)
    assert await retention.sweep(most=3) == 3
    assert await keys(database) == ["31"]


async def test_two_replicas_take_each_row_once_and_do_not_wait_for_rows_in_use(
    database: Database, clock: FakeClock
) -> None:
    await answered(database, clock, [31, 32, 33])
    one, two = sweeper(database, clock)[0], sweeper(database, clock)[0]
    async with database.transaction() as db:
        await db.execute("SELECT FROM idempotency WHERE key = '33' FOR UPDATE")
        async with asyncio.timeout(5):
            assert sum(await asyncio.gather(one.sweep(), two.sweep())) == 2
        assert await keys(database) == ["33"]
    assert await one.sweep() == 1


async def test_only_rows_that_meet_the_condition_go_and_null_is_no_age(database: Database, clock: FakeClock) -> None:
    async with database.primary() as db:
        await db.execute("CREATE TABLE IF NOT EXISTS told (name text, state text, ended_at timestamptz)")
        await db.execute(
            "INSERT INTO told VALUES ('old', 'sent', $1), ('at work', 'waiting', $1), ('new', 'sent', NULL)",
            clock.now() - timedelta(days=91),
        )
        rule = Forgotten("told", "ended_at", 90, "-", when="state <> 'waiting'")
        assert await sweeper(database, clock, [rule])[0].sweep() == 1
        left = {row[0] for row in await db.fetch("DELETE FROM told RETURNING name")}
        await db.execute("DROP TABLE told")
    assert left == {"at work", "new"}


async def test_a_row_that_only_loses_its_words_stays_and_is_not_counted_twice(
    database: Database, clock: FakeClock
) -> None:
    await answered(database, clock, [40])
    rule = Forgotten("idempotency", "created_at", 30, "-", when="route <> ''", blanked="route = ''")
    retention, _ = sweeper(database, clock, [rule])
    assert (await retention.sweep(), await retention.sweep()) == (1, 0)
    assert await keys(database) == ["40"]


async def test_it_runs_by_itself_and_is_never_seen_when_it_is_off(database: Database, clock: FakeClock) -> None:
    await answered(database, clock, [31])
    retention, metrics = sweeper(database, clock)
    async with retention.running(0):
        assert await keys(database) == ["31"]
    async with retention.running(0.01):
        counted = ("aiguy_rows_forgotten_total", {"table": "idempotency"})
        await eventually(lambda: metrics.registry.get_sample_value(*counted) == 1)


@pytest.mark.parametrize(
    "rules",
    [
        RULES[:-1], (*RULES, Kept("gone", "-")), (*RULES, RULES[0]),
        (*RULES[:-1], Kept("effects", "")), (*RULES[:-1], Forgotten("effects", "made_at", 1, "-")),
        (*RULES[:-1], Swept("effects", "servicekit.background.nobody", "-")),
    ],
    ids=["no rule", "no table", "twice", "no reason", "no such column", "no such sweeper"],
)  # fmt: skip
async def test_rules_that_do_not_fit_the_schema_are_found(database: Database, rules: Sequence[Rule]) -> None:
    assert await misfits(database, RULES) == []
    try:
        found = await misfits(database, rules)
    except (asyncpg.UndefinedColumnError, AttributeError) as error:
        found = [str(error)]
    assert len(found) == 1
    assert re.search(r"effects|gone|alembic|made_at|nobody", found[0])
