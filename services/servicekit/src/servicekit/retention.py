"""What ends a row: each table of a service has a rule here, and so has each family of keys in Redis.

A service lists its rules in its `retention.py`; its app sweeps what they name, and a test holds them against the
migrated schema, so that no table comes without somebody having said how it stops growing.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from servicekit.background import sweeping
from servicekit.clock import Clock
from servicekit.db.pool import Database
from servicekit.telemetry.metrics import Metrics
from servicekit.telemetry.sharing import PREFIX as NUMBERS_PREFIX
from servicekit.windows import PREFIX

#: Rows that one statement takes: it is over in milliseconds, and nobody waits for its locks.
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows that stay: as many as the business has of something, or the record of what was done."""

    table: str
    why: str


@dataclass(frozen=True, slots=True)
class Swept:
    """Rows that another part of the service takes away: `by` is its name, importable."""

    table: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Rows that the sweep takes away `days` after the time in their column `since`; NULL is no time.

    `when` is a further condition. With `blanked` (`column = value, …`) the row stays, without its words; then `when`
    has to leave out what is blank already.
    """

    table: str
    since: str
    days: int
    why: str
    when: str = ""
    blanked: str = ""


@dataclass(frozen=True, slots=True)
class Expiring:
    """Keys in Redis that begin with `prefix`: each has a time to live, of `most_s` seconds at the most."""

    prefix: str
    most_s: float
    why: str


Rule = Kept | Swept | Forgotten

_KIT = (
    Kept("alembic_version", "one row"),
    Kept("audit", "the record of every call, append-only and chained; who it was goes with a person's erasure"),
    Kept("audit_heads", "one row for each of the chains"),
)
DATA_KEYS = Kept("data_keys", "one row for each person, until they are erased")
NUMBERS = Expiring(NUMBERS_PREFIX, 3600, "gauges that one replica has read for all")
LIMITS = Expiring(PREFIX, 2 * 24 * 3600, "counts of the rate limits: at most two windows of a day")


def kit_rules(*, idempotency_days: int | None) -> tuple[Rule, ...]:
    """The rules of the kit's own tables; None for a service without idempotency keys of its own."""
    if idempotency_days is None:
        return _KIT
    why = "answers of writes: a key that comes again after so long is a new one"
    return (*_KIT, Forgotten("idempotency", "created_at", idempotency_days, why))


class Retention:
    """Takes away what the rules call forgotten. Every replica may run it: none waits for what another one takes."""

    def __init__(self, database: Database, clock: Clock, metrics: Metrics, rules: Sequence[Rule]) -> None:
        self._database, self._clock = database, clock
        self._rules = [one for one in rules if isinstance(one, Forgotten)]
        self._count = metrics.counter(
            "aiguy_rows_forgotten_total", "Rows that were deleted, or lost their words, after their time.", ("table",)
        )
        for rule in self._rules:
            self._count.labels(rule.table)

    @asynccontextmanager
    async def running(self, every_s: float) -> AsyncIterator[None]:
        """Sweeps about every `every_s` seconds; never when that is 0, or when nothing is to be forgotten."""
        async with sweeping("retention", every_s if self._rules else 0, BATCH, self.sweep):
            yield

    async def sweep(self, most: int = BATCH) -> int:
        """One pass over all tables, of `most` rows in each; how many it was where it was most.

        Raises ProblemError when the database is down.
        """
        return max([await self._forget(rule, most) for rule in self._rules], default=0)

    async def _forget(self, rule: Forgotten, most: int) -> int:
        before = self._clock.now() - timedelta(days=rule.days)
        async with self._database.primary() as db:
            status: str = await db.execute(statement(rule), before, most)
        count = int(status.rsplit(" ", 1)[1])
        self._count.labels(rule.table).inc(count)
        return count


def statement(rule: Forgotten) -> str:
    """Its SQL: $1 is the time before which a row is old, $2 how many at the most. The oldest go first."""
    verb = f"UPDATE {rule.table} SET {rule.blanked}" if rule.blanked else f"DELETE FROM {rule.table}"  # noqa: S608 - names of our own
    condition = f" AND {rule.when}" if rule.when else ""
    # By physical place: tables have keys of any shape, and a row that was locked does not move.
    return (
        f"{verb} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {rule.table} WHERE {rule.since} < $1{condition}"  # noqa: S608 - names of our own
        f" ORDER BY {rule.since} LIMIT $2 FOR UPDATE SKIP LOCKED))"
    )
