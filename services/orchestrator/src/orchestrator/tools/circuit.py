"""A breaker per tool (TURN-3): 5 errors in 60 s open it for 60 s, then one probe decides.

Only what the tool did counts: were our own slowness taken for the tool's, a busy minute of ours would end in a minute
without the tool.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from orchestrator.tools.metrics import ToolMetrics
from servicekit.clock import Clock
from servicekit.errors import ProblemError
from servicekit.http.breaker import Breaker, BreakerConfig, StateName, retry_after_s


@dataclass(slots=True)
class Report:
    """What the watched attempt shows of the tool; set before the watch ends. "nothing": the trouble was ours."""

    shows: Literal["works", "fault", "nothing"] = "works"


class Circuits:
    """The breakers of all tools that were called; made on first use, for names of the catalogue only."""

    def __init__(self, clock: Clock, metrics: ToolMetrics, config: BreakerConfig | None = None) -> None:
        self._clock = clock
        self._metrics = metrics
        self._config = config or BreakerConfig()
        self._breakers: dict[str, Breaker] = {}

    def admit(self, tool: str) -> bool:
        """Whether a request may be sent now; an admitted one must be watched."""
        try:
            self._breaker(tool).check()
        except ProblemError:
            return False
        return True

    @contextmanager
    def watch(self, tool: str) -> Iterator[Report]:
        """Records how an admitted attempt went. One that shows nothing, or is cancelled, frees the probe's place."""
        breaker, report = self._breaker(tool), Report()
        try:
            yield report
        except BaseException:
            breaker.release()
            raise
        if report.shows == "fault":
            breaker.failure()
        elif report.shows == "works":
            breaker.success()
        else:
            breaker.release()
        self._metrics.breaker_open.labels(tool).set(breaker.state_name != "closed")

    def states(self) -> dict[str, StateName]:
        """By tool: closed, open (calls are rejected), or half_open (the next call is a probe, or one is under way)."""
        now = self._clock.monotonic()
        return {tool: _seen(breaker, now) for tool, breaker in self._breakers.items()}

    def _breaker(self, tool: str) -> Breaker:
        found = self._breakers.get(tool)
        if found is None:
            found = self._breakers[tool] = Breaker(self._config, self._clock)
        return found


def _seen(breaker: Breaker, now: float) -> StateName:
    """An open breaker whose rest is over counts as half open: were it still called down, nobody would ever probe."""
    rested = retry_after_s(breaker.state, breaker.config, now) <= 0
    return "half_open" if breaker.state_name == "open" and rested else breaker.state_name
