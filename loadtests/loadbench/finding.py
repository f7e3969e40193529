"""The most customers at once that are served within the targets: by steps up, then once between."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from loadbench.measuring import MeasuredRun
from loadbench.report import document, say
from loadbench.swarming import Run
from loadbench.targets import Targets

_STEPS = (4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256)
_SECONDS = 25
_HALF_SECONDS = 45
#: So close is close enough, as a share of the better one.
_CLOSE = 0.2

Measure = Callable[[Run], Awaitable[MeasuredRun]]


async def _at_once() -> None:
    """Nothing is left behind."""


@dataclass(slots=True)
class Found:
    """`users` at once and `per_second` turns are carried within the targets; 0: not even the first step."""

    users: int = 0
    per_second: float = 0.0
    steps: list[dict[str, Any]] = field(default_factory=list)
    at_half: MeasuredRun | None = None


async def find(
    measure: Measure, targets: Targets, scenario: str, settled: Callable[[], Awaitable[object]] = _at_once
) -> Found:
    """Tries them, each once, and measures at half of what was carried; what too many have left behind is waited for.

    Raises BenchError.
    """
    found, failed = Found(), 0

    async def carried(users: int) -> bool:
        measured = await measure(Run(f"step-{users}", scenario, users, _SECONDS, first_order=7 * len(found.steps)))
        verdicts = targets.judge(measured.samples)
        met = all(one.met for one in verdicts)
        found.steps.append({"users": users, "met": met} | document(measured, verdicts))
        missed = ", ".join(f"{one.goal} ({one.reached})" for one in verdicts if not one.met)
        say(f"  {users:>4} at once: {measured.per_second:6.1f} turns per second  {missed or 'met'}")
        if met:
            found.users, found.per_second = users, measured.per_second
        else:
            await settled()
        return met

    for users in _STEPS:
        if not await carried(users):
            failed = users
            break
    while found.users and failed and failed - found.users > max(1, _CLOSE * found.users):
        between = (found.users + failed) // 2
        if not await carried(between):
            failed = between
    if found.users:
        half = Run("half", scenario, max(1, found.users // 2), _HALF_SECONDS, first_order=200)
        found.at_half = await measure(half)
    return found
