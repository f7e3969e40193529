"""Runs turns at a fixed concurrency: so many customers, each with one turn at a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

#: After so many seconds a run begins no further turn, however many were wanted: a busy machine must not take for ever.
MOST_S = 4.0
#: Runs turn `number`; returns its milliseconds to the end and to the first sign of progress.
OneTurn = Callable[[int], Awaitable[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Driven:
    """What the turns of one run took. `walls` and `firsts` are milliseconds per turn."""

    seconds: float
    walls: list[float]
    firsts: list[float]


async def drive(turn: OneTurn, first: int, turns: int, concurrency: int, most_s: float) -> Driven:
    """Runs the turns `first`, `first + 1`, …, begun within `most_s`; raises what the first turn that fails raises."""
    numbers = iter(range(first, first + turns))
    timings: list[tuple[float, float]] = []

    async def customer() -> None:
        for number in numbers:
            timings.append(await turn(number))
            if time.perf_counter() - began > most_s:
                return

    began = time.perf_counter()
    await together(customer, min(concurrency, turns))
    seconds = time.perf_counter() - began
    return Driven(seconds, [wall for wall, _ in timings], [early for _, early in timings])


async def together(work: Callable[[], Awaitable[None]], times: int) -> None:
    """Runs `work` so many times at once. The first failure cancels the others and is raised as it is."""
    tasks = [asyncio.ensure_future(work()) for _ in range(times)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
