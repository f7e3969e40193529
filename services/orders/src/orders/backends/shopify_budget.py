"""Shopify's limit on the cost of queries: a bucket that fills again at a steady rate. Each answer says how full it is.

https://shopify.dev/docs/api/usage/limits
"""

from typing import Any

from servicekit.clock import Clock

#: What a query is taken to cost before its first answer has said so.
_UNKNOWN_COST = 50.0
_MOST_WAIT_S = 60.0


class CostBudget:
    """What is known of the bucket of one app in one shop. Costs are in Shopify's points."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._costs: dict[str, float] = {}
        self._most = self._left = float("inf")
        self._rate = 1.0
        self._told_at = clock.monotonic()

    def wait_s(self, operation: str) -> float:
        """Seconds until the bucket can pay for the operation; 0 when it can now."""
        return self._until(self._costs.get(operation, _UNKNOWN_COST))

    def spend(self, operation: str) -> None:
        """Counts a call that is on its way: others must not spend the same points."""
        self._left = self._now_left() - self._costs.get(operation, _UNKNOWN_COST)
        self._told_at = self._clock.monotonic()

    def learn(self, operation: str, extensions: Any) -> float:
        """Takes in what an answer says; gives the seconds until that operation could be paid for."""
        cost = extensions["cost"]
        status = cost["throttleStatus"]
        self._costs[operation] = asked = float(cost["requestedQueryCost"])
        self._most, self._rate = float(status["maximumAvailable"]), max(float(status["restoreRate"]), 0.1)
        self._left, self._told_at = float(status["currentlyAvailable"]), self._clock.monotonic()
        return self._until(asked)

    def _until(self, cost: float) -> float:
        return min(max(0.0, (cost - self._now_left()) / self._rate), _MOST_WAIT_S)

    def _now_left(self) -> float:
        flowed = (self._clock.monotonic() - self._told_at) * self._rate
        return min(self._most, self._left + flowed)
