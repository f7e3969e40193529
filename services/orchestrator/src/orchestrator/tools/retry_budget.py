"""How many retries one tool may have at all: about a tenth of its calls, so that an outage is not amplified.

Each call earns a tenth of a token, each retry costs one. A tool begins with one, and a spent budget gets one back
after a while, so an isolated failure is always retried; savings are bounded, so a long calm buys no storm.
"""

from dataclasses import dataclass

EARNED_PER_CALL = 0.1
MOST_SAVED = 3.0
GRACE_S = 30.0


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """The tokens of one tool; `last_s` is when the last retry was taken (monotonic seconds)."""

    tokens: float = 1.0
    last_s: float = float("-inf")

    def earn(self) -> "RetryBudget":
        """The budget after one more call."""
        return RetryBudget(min(MOST_SAVED, self.tokens + EARNED_PER_CALL), self.last_s)

    def affords(self, now_s: float) -> bool:
        """Whether a retry may be made now. Sums of tenths are compared with a hair of tolerance."""
        return self.tokens >= 1.0 - 1e-9 or now_s - self.last_s >= GRACE_S

    def spend(self, now_s: float) -> "RetryBudget":
        """The budget after a retry."""
        return RetryBudget(max(0.0, self.tokens - 1.0), now_s)
