"""A circuit breaker as a pure reducer, and a holder around it.

    closed ──max_failures in window_s──► open ──open_s──► half-open (ONE probe) ──success──► closed
                                           ▲                     └──failure──► open
A probe that never reports back (its process hung) is replaced after another `open_s`.
"""

from dataclasses import dataclass, replace
from typing import Literal

from contracts.errors import ProblemCode
from servicekit.clock import Clock
from servicekit.errors import ProblemError

StateName = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class BreakerConfig:
    """Seconds of a monotonic clock."""

    max_failures: int = 5
    window_s: float = 60
    open_s: float = 60


@dataclass(frozen=True, slots=True)
class BreakerState:
    """`failures`: when, while closed. `opened_at`: None while closed. `probe_at`: when the probe left."""

    failures: tuple[float, ...] = ()
    opened_at: float | None = None
    probe_at: float | None = None

    @property
    def name(self) -> StateName:
        """For people and metrics."""
        if self.opened_at is None:
            return "closed"
        return "open" if self.probe_at is None else "half_open"


def allow(state: BreakerState, config: BreakerConfig, now: float) -> tuple[BreakerState, bool]:
    """Whether a call may go out now; the state after it did."""
    if state.opened_at is None:
        return state, True
    since = state.opened_at if state.probe_at is None else state.probe_at
    if now - since < config.open_s:
        return state, False
    return replace(state, probe_at=now), True


def record_success(state: BreakerState, config: BreakerConfig, now: float) -> BreakerState:
    """After a call that went well: a probe closes the breaker. An old call's success does not close an open one."""
    if state.opened_at is None:
        return replace(state, failures=_recent(state, config, now))
    return state if state.probe_at is None else BreakerState()


def record_failure(state: BreakerState, config: BreakerConfig, now: float) -> BreakerState:
    """After a call that failed: opens at the limit; a failed probe opens anew."""
    if state.opened_at is not None:
        return state if state.probe_at is None else BreakerState(opened_at=now)
    failures = (*_recent(state, config, now), now)
    if len(failures) >= config.max_failures:
        return BreakerState(opened_at=now)
    return replace(state, failures=failures)


def release(state: BreakerState) -> BreakerState:
    """After a call that was cancelled: a probe's place is free again, as if it had not left."""
    return replace(state, probe_at=None)


def retry_after_s(state: BreakerState, config: BreakerConfig, now: float) -> float:
    """Seconds until the next call may go out; 0 while closed."""
    if state.opened_at is None:
        return 0.0
    since = state.opened_at if state.probe_at is None else state.probe_at
    return max(0.0, since + config.open_s - now)


def _recent(state: BreakerState, config: BreakerConfig, now: float) -> tuple[float, ...]:
    return tuple(at for at in state.failures if now - at < config.window_s)


class Breaker:
    """The state of one upstream, in this process. Around each call: `check`, then `success`, `failure` or `release`."""

    def __init__(self, config: BreakerConfig, clock: Clock) -> None:
        self.config = config
        self.state = BreakerState()
        self._clock = clock

    @property
    def state_name(self) -> StateName:
        """For metrics and status notes."""
        return self.state.name

    def check(self) -> None:
        """Raises ProblemError(CIRCUIT_OPEN, retry_after_s) when the call may not go out."""
        now = self._clock.monotonic()
        self.state, allowed = allow(self.state, self.config, now)
        if not allowed:
            raise ProblemError(
                ProblemCode.CIRCUIT_OPEN,
                "This is resting after repeated errors.",
                retry_after_s=retry_after_s(self.state, self.config, now),
            )

    def success(self) -> None:
        """The call went well."""
        self.state = record_success(self.state, self.config, self._clock.monotonic())

    def failure(self) -> None:
        """The call failed in a way that is the upstream's fault."""
        self.state = record_failure(self.state, self.config, self._clock.monotonic())

    def release(self) -> None:
        """The call was cancelled: neither a success nor a failure."""
        self.state = release(self.state)
