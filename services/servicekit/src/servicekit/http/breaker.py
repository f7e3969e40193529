"""A circuit breaker as a pure reducer, and a holder around it.

    closed ──max_failures in window_s, or it has slowed (`pace.py`)──► open ──open_s──► half-open (ONE probe)
    half-open ──answer──► closed        half-open ──failure──► open

Each change begins an era, and a call reports to the era that it left in or to nobody: what a call of before says, or
that it was given up, neither closes a breaker nor frees the place of another call's probe. A probe that never reports
back (its process hung) is replaced after another `open_s`. One that answers closes, however slowly: it works, and
while nobody asks, nobody would learn what is usual now.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from contracts.errors import ProblemCode
from servicekit.clock import Clock
from servicekit.errors import ProblemError
from servicekit.http.pace import Pace, PaceConfig, answered, forgiven, has_slowed

StateName = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class BreakerConfig:
    """Seconds of a monotonic clock."""

    max_failures: int = 5
    window_s: float = 60
    open_s: float = 60
    pace: PaceConfig = field(default_factory=PaceConfig)


@dataclass(frozen=True, slots=True)
class BreakerState:
    """`failures`: when, while closed. `opened_at`: None while closed. `probe_at`: when the probe left. `era`: how many
    times any of the last two has changed.
    """

    failures: tuple[float, ...] = ()
    opened_at: float | None = None
    probe_at: float | None = None
    era: int = 0
    pace: Pace = field(default_factory=Pace)

    @property
    def name(self) -> StateName:
        """For people and metrics."""
        if self.opened_at is None:
            return "closed"
        return "open" if self.probe_at is None else "half_open"


def allow(state: BreakerState, config: BreakerConfig, now: float) -> tuple[BreakerState, bool]:
    """Whether a call may go out now; the state after it did, whose era is the call's."""
    if state.opened_at is None:
        return state, True
    if retry_after_s(state, config, now) > 0:
        return state, False
    return replace(state, probe_at=now, era=state.era + 1), True


def record_success(
    state: BreakerState, config: BreakerConfig, now: float, *, era: int, took_s: float, floor_s: float
) -> tuple[BreakerState, bool]:
    """After an answer that took so long, and whether that was slow. At most `floor_s` seconds are never slow."""
    if era != state.era:
        return state, False
    pace, slow = answered(state.pace, config.pace, now, took_s, floor_s)
    if state.opened_at is not None:
        return BreakerState(era=era + 1, pace=pace), slow
    state = replace(state, failures=_recent(state, config, now), pace=pace)
    return (_opened(state, now) if slow and has_slowed(pace, config.pace, now) else state), slow


def record_failure(state: BreakerState, config: BreakerConfig, now: float, *, era: int) -> BreakerState:
    """After a call that failed: opens at the limit; a failed probe opens anew."""
    if era != state.era:
        return state
    failures = (*_recent(state, config, now), now)
    if state.opened_at is not None or len(failures) >= config.max_failures:
        return _opened(state, now)
    return replace(state, failures=failures)


def release(state: BreakerState, *, era: int) -> BreakerState:
    """After a call that shows nothing: a probe's place is free again, as if it had not left."""
    if era != state.era or state.probe_at is None:
        return state
    return replace(state, probe_at=None, era=era + 1)


def retry_after_s(state: BreakerState, config: BreakerConfig, now: float) -> float:
    """Seconds until the next call may go out; 0 while closed."""
    if state.opened_at is None:
        return 0.0
    since = state.opened_at if state.probe_at is None else state.probe_at
    return max(0.0, since + config.open_s - now)


def _opened(state: BreakerState, now: float) -> BreakerState:
    return BreakerState(opened_at=now, era=state.era + 1, pace=forgiven(state.pace))


def _recent(state: BreakerState, config: BreakerConfig, now: float) -> tuple[float, ...]:
    return tuple(at for at in state.failures if now - at < config.window_s)


class Breaker:
    """The state of one upstream, in this process. Each call asks for a permit of its own and reports to that."""

    def __init__(self, config: BreakerConfig, clock: Clock) -> None:
        self.config = config
        self.state = BreakerState()
        self.clock = clock

    @property
    def state_name(self) -> StateName:
        """For metrics and status notes."""
        return self.state.name

    def permit(self) -> "Permit":
        """For one call. Raises ProblemError(CIRCUIT_OPEN, retry_after_s) when none may go out."""
        now = self.clock.monotonic()
        self.state, allowed = allow(self.state, self.config, now)
        if not allowed:
            raise ProblemError(
                ProblemCode.CIRCUIT_OPEN,
                "This is resting after repeated errors.",
                retry_after_s=retry_after_s(self.state, self.config, now),
            )
        return Permit(self, self.state.era)


@dataclass(frozen=True, slots=True)
class Permit:
    """One call's leave to go out. It says once what came of the call: `success`, `failure` or `release`."""

    breaker: Breaker
    era: int

    def success(self, took_s: float, *, floor_s: float = 0.0) -> bool:
        """The call was answered after so many seconds. Whether that was slow, which up to `floor_s` it never is."""
        one, now = self.breaker, self.breaker.clock.monotonic()
        one.state, slow = record_success(one.state, one.config, now, era=self.era, took_s=took_s, floor_s=floor_s)
        return slow

    def failure(self) -> None:
        """The call failed in a way that is the upstream's fault."""
        one = self.breaker
        one.state = record_failure(one.state, one.config, one.clock.monotonic(), era=self.era)

    def release(self) -> None:
        """The call was cancelled, or shows nothing of the upstream: neither a success nor a failure."""
        self.breaker.state = release(self.breaker.state, era=self.era)
