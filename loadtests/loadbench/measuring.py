"""One measured run: what customers saw, and what each process spent meanwhile."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from loadbench.samples import Sample
from loadbench.stack import LoadedStack
from loadbench.stores import Stores, per_turn
from loadbench.swarming import Run, begin
from turnbench.meter import MIB, CpuMeter

#: Connections, caches and prepared statements are there after so many seconds; before, nothing is measured.
_WARM_S = 3.0
_LOOK_EVERY_S = 2.0


@dataclass(slots=True)
class Spent:
    """From `began` to `ended` (epoch seconds), by group: milliseconds of processor; MiB at most, at first, at last."""

    began: float = 0.0
    ended: float = 0.0
    cpu_ms: dict[str, float] = field(default_factory=dict)
    rss_mb: dict[str, float] = field(default_factory=dict)
    rss_first_mb: dict[str, float] = field(default_factory=dict)
    rss_last_mb: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long was measured."""
        return self.ended - self.began


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """A run, and its turns without those of the first seconds."""

    run: Run
    samples: Sequence[Sample]
    spent: Spent
    tool_seconds: dict[str, float]
    #: What a turn cost the stores, those of the first seconds too.
    stores: dict[str, float] = field(default_factory=dict)

    def turns_measured(self) -> int:
        """Turns that were answered while the processes were watched."""
        return sum(self.spent.began <= _ended(one) <= self.spent.ended for one in self.samples if one.end_ms)

    @property
    def per_second(self) -> float:
        """Answered turns per second."""
        return self.turns_measured() / self.spent.seconds

    def cpu_per_turn(self) -> dict[str, float]:
        """Milliseconds of processor for a turn, by group."""
        turns = max(1, self.turns_measured())
        return {name: ms / turns for name, ms in self.spent.cpu_ms.items()}


async def measure(stack: LoadedStack, run: Run, folder: Path, html: Path | None = None) -> MeasuredRun:
    """Runs it. Raises BenchError."""
    stores = Stores.of(stack.stack.addresses)
    before = await stores.read()
    swarm = await begin(stack, run, folder, html)
    samples = asyncio.create_task(swarm.samples())
    file = folder / f"{run.name}.jsonl"
    while not samples.done() and not (file.exists() and file.stat().st_size):
        await asyncio.wait((samples,), timeout=0.1)
    await asyncio.wait((samples,), timeout=_WARM_S)
    spent = await _watch(lambda: stack.groups() | {"load generator": swarm.pids()}, samples, run.seconds - _WARM_S)
    every = await samples
    seen = [one for one in every if one.at >= spent.began]
    stored = per_turn(before, await stores.read(), len(every))
    return MeasuredRun(run, seen, spent, await stack.tool_seconds(), stored)


async def _watch(
    groups: Callable[[], dict[str, list[int]]], samples: asyncio.Task[list[Sample]], seconds: float
) -> Spent:
    spent, meter = Spent(time.time()), CpuMeter()
    meter.start(groups())
    while not samples.done() and time.time() < spent.began + seconds:
        await asyncio.wait((samples,), timeout=_LOOK_EVERY_S)
        now = groups()
        if samples.done() and spent.ended:
            break
        spent.ended, spent.cpu_ms = time.time(), meter.read_ms(now)
        spent.rss_last_mb = {name: _rss_mb(pids) for name, pids in now.items()}
        spent.rss_first_mb = spent.rss_first_mb or spent.rss_last_mb
        spent.rss_mb = {name: max(mb, spent.rss_mb.get(name, 0.0)) for name, mb in spent.rss_last_mb.items()}
    return spent


def _rss_mb(pids: Sequence[int]) -> float:
    """Of those that are still there: a server's helpers come and go."""
    total = 0
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            total += psutil.Process(pid).memory_info().rss
    return total / MIB


def _ended(sample: Sample) -> float:
    return sample.at + (sample.end_ms or 0.0) / 1000
