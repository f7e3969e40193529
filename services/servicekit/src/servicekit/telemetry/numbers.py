"""Gauges that a service's own database fills: read beside the requests, never in one of them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import Gauge

from servicekit.background import sweeping
from servicekit.db.pool import Connection, Database
from servicekit.telemetry.metrics import Metrics
from servicekit.telemetry.sharing import Reading, SharedReading

#: So many passes lie between two readings of what is shared.
SHARED_PASSES = 4


@dataclass(frozen=True, slots=True)
class Number:
    """The gauge `name`. A row of `sql` is a series: the values of `labels` in their order, then the number.

    `series` are the labels' values that are shown as 0 while no row has them. `shared`: it reads more than an index
    gives at once, so one replica reads it for all, and less often.
    """

    name: str
    description: str
    sql: str
    labels: tuple[str, ...] = ()
    series: tuple[tuple[str, ...], ...] = ()
    shared: bool = False


class Numbers:
    """Reads `numbers` from the database into gauges. Replicas show the same: take the greatest, not the sum."""

    def __init__(
        self, database: Database, metrics: Metrics, numbers: Sequence[Number], sharing: SharedReading | None = None
    ) -> None:
        """Without `sharing` this replica reads all by itself."""
        self._database, self._sharing = database, sharing
        made = [(one, metrics.gauge(one.name, one.description, one.labels)) for one in numbers]
        self._own = [(one, gauge) for one, gauge in made if sharing is None or not one.shared]
        self._shared = [(one, gauge) for one, gauge in made if sharing is not None and one.shared]

    @asynccontextmanager
    async def running(self, every_s: float) -> AsyncIterator[None]:
        """Reads about every `every_s` seconds; never when that is 0, or when there are none."""
        async with sweeping("numbers", every_s if self._own or self._shared else 0, 1, self.read):
            yield

    async def read(self) -> int:
        """One pass; always 0, because a pass does all. Raises ProblemError when the database is down."""
        async with self._database.read() as db:
            for number, gauge in self._own:
                _show(number, gauge, await _rows(db, number))
        if self._sharing is not None and self._shared:
            reading = await self._sharing.get(self._read_for_all) or {}
            for number, gauge in self._shared:
                if (rows := reading.get(number.name)) is not None:
                    _show(number, gauge, rows)
        return 0

    async def _read_for_all(self) -> Reading:
        async with self._database.read() as db:
            return {number.name: await _rows(db, number) for number, _ in self._shared}


async def _rows(db: Connection, number: Number) -> list[list[str | float]]:
    return [[*map(str, row[:-1]), float(row[-1])] for row in map(tuple, await db.fetch(number.sql))]


def _show(number: Number, gauge: Gauge, rows: Sequence[Sequence[str | float]]) -> None:
    if not number.labels:
        gauge.set(float(rows[0][0]))
        return
    found = dict.fromkeys(number.series, 0.0)
    found |= {tuple(map(str, row[:-1])): float(row[-1]) for row in rows}
    gauge.clear()
    for values, value in found.items():
        gauge.labels(*values).set(value)
