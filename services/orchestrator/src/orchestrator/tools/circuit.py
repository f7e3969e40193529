"""A breaker per tool (TURN-3): 5 errors in 60 s open it for 60 s, or that it answers later than twice its usual p95;
then one probe decides.

Only what the tool did counts: were our own slowness taken for the tool's, a busy minute of ours would end in a minute
without the tool.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from orchestrator.tools.entry import ToolEntry
from orchestrator.tools.metrics import ToolMetrics
from servicekit.clock import Clock
from servicekit.errors import ProblemError
from servicekit.http.breaker import Breaker, BreakerConfig, Permit, StateName, retry_after_s

#: An answer within this share of the contract's time-out is never slow, however quick the tool is otherwise: a tool of
#: 5 ms that takes 11 harms nobody, and a rest would cost customers a minute of tickets.
FLOOR_SHARE = 0.25

#: What one attempt shows of the tool; "nothing": the trouble was ours.
Shows = Literal["works", "fault", "nothing"]


@dataclass(slots=True)
class Report:
    """What the watched attempt shows; set before the watch ends."""

    shows: Shows = "works"


class Circuits:
    """The breakers of all tools that were called; made on first use, for names of the catalogue only. `busy` is the
    processor time of the thread that makes the calls, in seconds.
    """

    def __init__(
        self, clock: Clock, metrics: ToolMetrics, config: BreakerConfig | None = None,
        busy: Callable[[], float] = time.thread_time,
    ) -> None:  # fmt: skip
        self._clock = clock
        self._metrics = metrics
        self._config = config or BreakerConfig()
        self._busy = busy
        self._breakers: dict[str, Breaker] = {}

    def admit(self, tool: str) -> Permit | None:
        """For one request, which must be watched; None when none may be sent now."""
        found = self._breakers.get(tool)
        if found is None:
            found = self._breakers[tool] = Breaker(self._config, self._clock)
        try:
            return found.permit()
        except ProblemError:
            return None

    @contextmanager
    def watch(self, entry: ToolEntry, permit: Permit) -> Iterator[Report]:
        """Records how an admitted attempt went. One that shows nothing, or is cancelled, frees the probe's place.

        What we computed meanwhile is no time of the tool's: its answer may have lain there unread.
        """
        report, began, busy = Report(), self._clock.monotonic(), self._busy()
        try:
            yield report
        except BaseException:
            permit.release()
            raise
        if report.shows == "fault":
            permit.failure()
        elif report.shows == "works":
            took_s = self._clock.monotonic() - began - (self._busy() - busy)
            if permit.success(took_s, floor_s=FLOOR_SHARE * entry.timeout_ms / 1000):
                self._metrics.slow.labels(entry.name).inc()
        else:
            permit.release()
        self._metrics.breaker_open.labels(entry.name).set(permit.breaker.state_name != "closed")

    def states(self) -> dict[str, StateName]:
        """By tool: closed, open (calls are rejected), or half_open (the next call is a probe, or one is under way)."""
        now = self._clock.monotonic()
        return {tool: _seen(breaker, now) for tool, breaker in self._breakers.items()}


def _seen(breaker: Breaker, now: float) -> StateName:
    """An open breaker whose rest is over counts as half open: were it still called down, nobody would ever probe."""
    rested = retry_after_s(breaker.state, breaker.config, now) <= 0
    return "half_open" if breaker.state_name == "open" and rested else breaker.state_name
