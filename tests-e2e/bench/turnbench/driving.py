"""Runs turns at a fixed concurrency: so many customers, each with one turn at a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

#: Runs turn `number`; returns its milliseconds to the end and to the first sign of progress.
OneTurn = Callable[[int], Awaitable[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Driven:
    """What the turns of one run took. `walls` and `firsts` are milliseconds per turn."""

    seconds: float
    walls: list[float]
    firsts: list[float]


async def drive(turn: OneTurn, first: int, turns: int, concurrency: int) -> Driven:
    """Runs the turns `first`, `first + 1`, …; raises what a turn raises."""
    numbers = iter(range(first, first + turns))
    timings: list[tuple[float, float]] = []

    async def customer() -> None:
        for number in numbers:
            timings.append(await turn(number))  # noqa: PERF401 - the list is shared

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, turns)):
            group.create_task(customer())
    seconds = time.perf_counter() - began
    return Driven(seconds, [wall for wall, _ in timings], [early for _, early in timings])
