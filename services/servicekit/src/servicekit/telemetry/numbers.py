"""Gauges that a service's own database fills: read beside the requests, never in one of them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from servicekit.background import sweeping
from servicekit.db.pool import Database
from servicekit.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Number:
    """The gauge `name`. A row of `sql` is a series: the values of `labels` in their order, then the number.

    `series` are the labels' values that are shown as 0 while no row has them.
    """

    name: str
    description: str
    sql: str
    labels: tuple[str, ...] = ()
    series: tuple[tuple[str, ...], ...] = ()


class Numbers:
    """Reads `numbers` from the database into gauges. Replicas show the same: take the greatest, not the sum."""

    def __init__(self, database: Database, metrics: Metrics, numbers: Sequence[Number]) -> None:
        self._database = database
        self._gauges = [(one, metrics.gauge(one.name, one.description, one.labels)) for one in numbers]

    @asynccontextmanager
    async def running(self, every_s: float) -> AsyncIterator[None]:
        """Reads about every `every_s` seconds; never when that is 0, or when there are none."""
        async with sweeping("numbers", every_s if self._gauges else 0, 1, self.read):
            yield

    async def read(self) -> int:
        """One pass; always 0, because a pass does all. Raises ProblemError when the database is down."""
        async with self._database.read() as db:
            for number, gauge in self._gauges:
                rows = await db.fetch(number.sql)
                if not number.labels:
                    gauge.set(float(rows[0][0]))
                    continue
                found = dict.fromkeys(number.series, 0.0)
                found |= {tuple(map(str, row[:-1])): float(row[-1]) for row in map(tuple, rows)}
                gauge.clear()
                for values, value in found.items():
                    gauge.labels(*values).set(value)
        return 0
