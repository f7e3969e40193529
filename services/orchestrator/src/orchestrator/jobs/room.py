"""Room for turns in this process: one limit for those that begin where they were accepted and those of the queue."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from prometheus_client import Gauge

from orchestrator.jobs.limit import AdaptiveLimit

#: Turns mostly wait for models and tools: fewer than so many at once, or a sixteenth of the most, are never worth it.
_LEAST, _SHARE = 4, 16
#: Where turns wait for this process, one answer is promised for later for so many turns that end, and a few at once.
_TURNS_A_PROMISE, _PROMISES = 4, 8
#: The share of one turn in the mean of what turns take.
_ONE = 0.1


@dataclass(slots=True)
class Taken:
    """The place of a run. Of a whole turn, `asked_s` are the seconds that it waited for models and tools; None: a part
    of a turn, what is left after a wait, does not tell what turns take.
    """

    asked_s: float | None = None


class Room:
    """At most about `most` turns at once, and fewer when so many slow each other down (`jobs/limit.py`): when they take
    more than `added_s` seconds beyond what models and tools take. `strained`: see `jobs/strain.py`.
    """

    def __init__(
        self, most: int, gauge: Gauge | None = None, clock: Callable[[], float] = time.monotonic,
        added_s: float = 0.5, strained: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self.limit = AdaptiveLimit(min(most, max(_LEAST, most // _SHARE)), most, added_s)
        self._running, self._kept, self._gauge, self._clock, self._strained = 0, 0, gauge, clock, strained
        self._promises = float(_PROMISES)
        self._mean_s = 0.0
        self._freed = asyncio.Event()
        self._show()

    def left(self) -> int:
        """How many more turns may begin now."""
        return max(0, self.limit.now - self._running - self._kept)

    def pace(self) -> float:
        """How many whole turns end here in a second when the room is full, by what they take as of late (Little's law);
        0 before the first has ended. What was counted of late would be few after a calm.
        """
        return self.limit.now / self._mean_s if self._mean_s else 0.0

    def promise(self) -> bool:
        """Whether an answer may be promised for later; counts it as promised. To take a message in costs a good part of
        a turn: where this process is what turns wait for, they would pay for many promises.
        """
        if not self.limit.is_found:
            return True
        if self._promises < 1:
            return False
        self._promises -= 1
        return True

    def spare(self) -> int:
        """How many more may begin that nobody is there for: half of the room is kept for those who may come."""
        return max(0, self.limit.now // 2 - self._running - self._kept)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """A place is kept for a turn that is about to begin: many messages may come in at one moment."""
        self._kept += 1
        try:
            yield
        finally:
            self._kept -= 1
            self._freed.set()

    async def freed(self, most_s: float) -> None:
        """Returns when a turn has ended, and after `most_s` seconds at the latest."""
        self._freed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self._freed.wait()

    @contextmanager
    def taken(self) -> Iterator[Taken]:
        """What is inside is the run of a turn. One that has to run does so without room, too, and counts."""
        self._running += 1
        began, place = self._clock(), Taken()
        try:
            yield place
        finally:
            if place.asked_s is not None:
                now = self._clock()
                self._mean_s += (now - began - self._mean_s) * (_ONE if self._mean_s else 1.0)
                self._promises = min(_PROMISES, self._promises + 1 / _TURNS_A_PROMISE)
                took_s = now - began - place.asked_s
                self.limit.ended(now, took_s, self._running, strained=self._strained())
            self._running -= 1
            self._freed.set()
            self._show()

    def _show(self) -> None:
        if self._gauge is not None:
            self._gauge.set(self.limit.now)
