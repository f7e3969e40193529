"""The attempts of one call: breaker, back-off and the tool's retry budget, around `Attempter.send`."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from contracts.errors import ProblemCode
from orchestrator.tools.attempt import Answer, Attempter, Exchange, Later, in_old_shape
from orchestrator.tools.circuit import Circuits, Shows
from orchestrator.tools.failures import GARBAGE, NO_PLACE, Trouble
from orchestrator.tools.metrics import ToolMetrics
from orchestrator.tools.persistence import Wait, next_wait
from orchestrator.tools.retry_budget import RetryBudget
from servicekit.clock import Clock
from servicekit.http.breaker import Permit

#: Asked once, when the first request of a write is about to be sent: why it may not, or None.
Begin = Callable[[], Awaitable[ProblemCode | None]]
_GOOD = {dict: "succeeded", Later: "accepted"}
_RESTING = Trouble(ProblemCode.CIRCUIT_OPEN, tool_fault=False)
_NO_TIME = Trouble(ProblemCode.DEADLINE_EXCEEDED, tool_fault=False)
#: When a time-out is noticed so much too late this process was busy, and may have missed an answer that was there.
LATE_S = 0.1


@dataclass(frozen=True, slots=True)
class Finished:
    """How a call ended, and how many requests were sent for it."""

    outcome: Answer
    attempts: int


class AttemptLoop:
    """Tries a call until it is answered or trying on is no use."""

    def __init__(
        self, attempter: Attempter, circuits: Circuits, metrics: ToolMetrics, clock: Clock, jitter: random.Random
    ) -> None:
        self._attempter = attempter
        self._circuits = circuits
        self._metrics = metrics
        self._clock = clock
        self._jitter = jitter
        self._budgets: dict[str, RetryBudget] = {}

    async def run(self, exchange: Exchange, begin: Begin | None = None) -> Finished:
        """The outcome, within the contract's time-out or what is left of the turn. Every exchange here is repeatable:
        reads and previews change nothing, writes carry their idempotency key, and may not `begin` when that says why.
        """
        tool = exchange.entry.name
        ends = self._clock.monotonic() + min(exchange.entry.timeout_ms / 1000, exchange.request.timeout_s)
        self._budgets[tool] = self._budgets.get(tool, RetryBudget()).earn()
        retries_left, attempts = exchange.entry.retries, 0
        outcome: Answer = _NO_TIME
        while (left := ends - self._clock.monotonic()) > 0:
            permit = self._circuits.admit(tool)
            if permit is None:
                # An open breaker ends a call that has already been tried with what was wrong with it.
                return Finished(_RESTING if attempts == 0 else outcome, attempts)
            if begin is not None and attempts == 0 and (refused := await _refused(permit, begin)) is not None:
                return Finished(refused, attempts)
            attempts += 1
            outcome = await self._send(exchange, permit, left)
            if not isinstance(outcome, Trouble):
                break
            # While a service is exchanged its manifest may come from the new release, and the call meet the old one.
            if (older := in_old_shape(exchange, outcome)) is not None:
                exchange = older
                continue
            wait = self._next(exchange, outcome, attempts, retries_left, ends)
            if wait is None:
                break
            retries_left -= wait.paid
            await asyncio.sleep(wait.seconds)
        return Finished(outcome, attempts)

    async def _send(self, exchange: Exchange, permit: Permit, timeout_s: float) -> Answer:
        tool = exchange.entry.name
        due = self._clock.monotonic() + timeout_s
        with self._circuits.watch(exchange.entry, permit) as report:
            outcome = await self._attempter.send(exchange, timeout_s=timeout_s)
            report.shows = _shows(exchange, outcome, timeout_s, self._clock.monotonic() - due)
        result = outcome.code.value if isinstance(outcome, Trouble) else _GOOD[type(outcome)]
        self._metrics.attempts.labels(tool, result).inc()
        if outcome is GARBAGE:
            self._metrics.garbage.labels(tool).inc()
        return outcome

    def _next(self, exchange: Exchange, trouble: Trouble, attempts: int, retries_left: int, ends: float) -> Wait | None:
        tool = exchange.entry.name
        left = ends - self._clock.monotonic()
        wait = next_wait(trouble, attempt=attempts, retries_left=retries_left, left_s=left, jitter=self._jitter)
        if wait is None or not wait.paid:
            return wait
        if not self._budgets[tool].affords(self._clock.monotonic()):
            self._metrics.retries_refused.labels(tool).inc()
            return None
        self._budgets[tool] = self._budgets[tool].spend(self._clock.monotonic())
        return wait


async def _refused(permit: Permit, begin: Begin) -> Trouble | None:
    """Why a write may not begin; the place of a probe is free again then."""
    try:
        code = await begin()
    except BaseException:
        permit.release()
        raise
    if code is None:
        return None
    permit.release()
    return Trouble(code, tool_fault=False)


def _shows(exchange: Exchange, outcome: Answer, timeout_s: float, late_s: float) -> Shows:
    """What an attempt shows of the tool. A time-out shows nothing when the tool did not have the time of its contract
    (the turn or an attempt before had used it up), or when we were too busy to keep the time ourselves.
    """
    if not isinstance(outcome, Trouble):
        return "works"
    hurried = timeout_s < 0.9 * exchange.entry.timeout_ms / 1000
    if outcome is NO_PLACE or (outcome.code is ProblemCode.DEADLINE_EXCEEDED and (hurried or late_s > LATE_S)):
        return "nothing"
    return "fault" if outcome.tool_fault else "works"
