"""Sliding windows that all replicas share, in one Redis: the limits of a request are one script, which a cluster would
refuse. And how long whoever finds one full has to wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from math import floor

import redis.asyncio
from limits import RateLimitItem

PREFIX = "aiguy:limit:"


@dataclass(frozen=True, slots=True)
class Count:
    """One limit, and whose count it bounds: `of` is the path of names to it."""

    limit: RateLimitItem
    of: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name of the count, another one for each limit."""
        return self.limit.key_for(*self.of)


@dataclass(frozen=True, slots=True)
class Full:
    """The count that has no place, and in how many seconds it may have one again."""

    count: Count
    wait_s: float


class RedisWindows:
    """The script of `windows.lua`, over the client's own connection pool."""

    def __init__(self, client: "redis.asyncio.Redis") -> None:
        self._script = client.register_script(resources.files("servicekit").joinpath("windows.lua").read_text("utf-8"))

    async def take(self, counts: Sequence[Count], wanted: Sequence[int]) -> tuple[list[int], Full | None]:
        """Take as many as are `wanted` of each count in turn, or one near its end, up to the first that is full.

        Returns how many were taken of each, and the full one. Raises RedisError, and what a broken connection raises.
        """
        keys, told = [PREFIX + one.key for one in counts], list[int]()
        for one, many in zip(counts, wanted, strict=True):
            told += (one.limit.amount, one.limit.get_expiry() * 1000, many)
        taken, full = await self._script(keys, told)
        if not full:
            return taken, None
        count = counts[len(taken)]
        earlier, left_ms = full
        return taken, Full(count, wait_s(count.limit.get_expiry(), earlier, left_ms / 1000))


def wait_s(window_s: float, earlier: int, left_s: float) -> float:
    """In how many seconds a full window has a place again, when `left_s` are left of it and the one before it counted
    `earlier`.
    """
    weighs = floor(earlier * left_s / window_s)
    # With its own count alone it is full to its end: from there on that count is the earlier one, and weighs less.
    return left_s - weighs * window_s / earlier if weighs else left_s
