"""Redis for what a request can do without. Each use brings its own patience; once Redis was away nobody waits for it
for a moment, so ten uses of one request are not ten waits. Every use that went without is counted, with the reason.
"""

import time
from asyncio import timeout
from collections.abc import Awaitable, Callable
from typing import Literal, NoReturn, TypeVar

import redis.asyncio
from redis.exceptions import ConnectionError as BrokenError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as SilentError

from servicekit.telemetry.metrics import Metrics

Answer = TypeVar("Answer")
Reason = Literal["resting", "timeout", "late", "connection", "error"]
#: For so long nobody asks a Redis that was away; then one asks for all.
REST_S = 1.0
#: A time-out that comes so much after its time says that this process was slow, and nothing of Redis.
_PUNCTUAL = 1.25


class AwayError(Exception):
    """Redis did not serve a use that can go on without it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class SpareRedis:
    """Asks `client` for several uses of one process, and remembers for all of them that it is away.

    "resting": it was away a moment ago and was not asked. "late": this process was too slow to hear the answer; were
    that taken for Redis's slowness, a busy moment of ours would become a second without limits and caches.
    """

    def __init__(
        self, client: "redis.asyncio.Redis", metrics: Metrics, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.client = client
        self._now = now
        self._without = metrics.counter(
            "aiguy_redis_spared_total", "Uses of Redis that went on without it, by use and reason.", ("use", "reason")
        )
        self._away = False
        self._rests_until = 0.0
        self._late_at: float | None = None

    async def ask(
        self, use: str, command: Callable[["redis.asyncio.Redis"], Awaitable[Answer]], patience_s: float, *,
        insist: bool = False,
    ) -> Answer:  # fmt: skip
        """What `command` gives within `patience_s` seconds. Raises AwayError, which is counted for the `use`.

        `insist`: ask it even if it was away a moment ago, because something would be wrong later otherwise.
        """
        began = self._now()
        if self._away:
            if began < self._rests_until and not insist:
                self._go_without(use, "resting")
            self._rests_until = began + REST_S  # whoever comes next does not wait for this one's answer
        try:
            async with timeout(patience_s):
                answer = await command(self.client)
        except TimeoutError:
            self._go_without(use, self._timed_out(began, patience_s))
        except SilentError:
            self._rest()
            self._go_without(use, "timeout")
        except (BrokenError, OSError):
            self._rest()
            self._go_without(use, "connection")
        except ResponseError:
            self._go_without(use, "error")  # it is there, and does not like the question
        except RedisError:
            self._rest()
            self._go_without(use, "error")
        self._away, self._late_at = False, None
        return answer

    def _timed_out(self, began: float, patience_s: float) -> Reason:
        now = self._now()
        punctual = now - began <= patience_s * _PUNCTUAL
        # Late twice, one after the other: whoever is slow, nobody is served.
        if self._away or punctual or (self._late_at is not None and began >= self._late_at):
            self._rest()
            return "timeout"
        if self._late_at is None:
            self._late_at = now
        return "late"

    def _rest(self) -> None:
        self._away, self._late_at = True, None
        self._rests_until = self._now() + REST_S

    def _go_without(self, use: str, reason: Reason) -> NoReturn:
        self._without.labels(use, reason).inc()
        raise AwayError(reason)
