"""How long there is left. A deadline is made once, at the edge, and handed down; each step takes from the same one."""

from dataclasses import dataclass

from contracts.errors import ProblemCode
from servicekit.clock import Clock
from servicekit.errors import ProblemError


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point on the clock's monotonic line."""

    expires_monotonic: float
    clock: Clock

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> "Deadline":
        """The deadline `seconds` from now."""
        return cls(clock.monotonic() + seconds, clock)

    def remaining_s(self) -> float:
        """Seconds left, 0 when it is over."""
        return max(0.0, self.expires_monotonic - self.clock.monotonic())

    @property
    def expired(self) -> bool:
        """Whether it is over."""
        return self.remaining_s() <= 0

    def check(self) -> None:
        """Raises ProblemError(DEADLINE_EXCEEDED) when it is over."""
        if self.expired:
            raise ProblemError(ProblemCode.DEADLINE_EXCEEDED, "There was no time left.")

    def within(self, seconds: float) -> float:
        """The smaller of `seconds` and what is left; raises ProblemError(DEADLINE_EXCEEDED) when nothing is."""
        self.check()
        return min(seconds, self.remaining_s())
