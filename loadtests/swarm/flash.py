"""A flash crowd: a third of the time few customers, a third all of them, then few again."""

from typing import Any

from locust import LoadTestShape

_FEW = 4
_SPAWNED_PER_S = 1000


class Flash(LoadTestShape):
    """All `--users` are there for the middle third of `--run-time`, a quarter of them before and after."""

    def tick(self) -> tuple[int, float] | None:
        """How many there are now; None when it is over."""
        told: Any = self.runner.environment.parsed_options
        seconds, passed = told.run_time, self.get_run_time()
        if passed > seconds:
            return None
        crowded = seconds / 3 <= passed < 2 * seconds / 3
        return (told.num_users if crowded else max(1, told.num_users // _FEW), _SPAWNED_PER_S)
