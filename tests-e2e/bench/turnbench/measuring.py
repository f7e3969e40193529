"""One measurement: so many turns of one subject at one concurrency."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from turnbench.driving import Driven
from turnbench.meter import CpuMeter, rss_mb

#: What a turn leaves to be done after its end belongs to it as well.
_SETTLE_S = 0.25
#: Not ours: their CPU and memory are shown beside it.
SERVERS = frozenset({"postgres", "valkey"})


class Subject(Protocol):
    """What is measured."""

    name: str

    def groups(self) -> dict[str, list[int]]:
        """Its processes now, by the line on which they are shown."""

    async def prepare(self, turns: int) -> None:
        """What is made ready before the measurement."""

    async def run(self, turns: int, concurrency: int, tokens: int) -> Driven:
        """Runs the turns."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement. `cpu_ms` is per turn and group; `rss` is MiB of the subject's own processes."""

    subject: str
    concurrency: int
    tokens: int
    turns: int
    seconds: float
    cpu_ms: dict[str, float]
    rss: float
    walls: Sequence[float]
    firsts: Sequence[float]

    @property
    def own_ms(self) -> float:
        """CPU per turn of the subject's own processes."""
        return sum(ms for name, ms in self.cpu_ms.items() if name not in SERVERS)

    @property
    def per_second(self) -> float:
        """Turns per second."""
        return self.turns / self.seconds


async def measure(subject: Subject, turns: int, concurrency: int, tokens: int) -> Sample:
    """Runs and measures."""
    return await measure_run(subject, turns, concurrency, tokens, lambda: subject.run(turns, concurrency, tokens))


async def measure_run(
    subject: Subject, turns: int, concurrency: int, tokens: int, run: Callable[[], Awaitable[Driven]]
) -> Sample:
    """Measures a run of the caller's own."""
    await subject.prepare(turns)
    await asyncio.sleep(_SETTLE_S)
    meter = CpuMeter()
    meter.start(subject.groups())
    driven = await run()
    turns = len(driven.walls)
    await asyncio.sleep(_SETTLE_S)
    groups = subject.groups()
    spent = {name: ms / turns for name, ms in meter.read_ms(groups).items()}
    own = [pid for name, pids in groups.items() if name not in SERVERS for pid in pids]
    return Sample(
        subject.name, concurrency, tokens, turns, driven.seconds, spent, rss_mb(own), driven.walls, driven.firsts
    )
