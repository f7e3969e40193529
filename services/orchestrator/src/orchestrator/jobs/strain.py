"""Whether this process has more to do than it can: how late its event loop comes to what is due, and how long it takes
to take a message in.

Of a short time the middle one counts: a burst that is worked off at once is no strain, and where something else comes
before every second thing that is due, there is hardly a moment of rest.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from statistics import median

_LOOK_EVERY_S = 0.025
#: So long is a short time, and so many must have been seen in it, in seconds.
_WINDOW_S, _FEW = 0.4, 4
#: Half of what was seen is later, or takes longer, in seconds.
_LATE_S, _LONG_S = 0.01, 0.06


@dataclass(slots=True)
class _Middle:
    """The middle one of what was seen in the window before this one."""

    most_s: float
    _began: float = float("-inf")
    _seen: list[float] = field(default_factory=list)
    middle_s: float = 0.0

    def seen(self, at_s: float, value_s: float) -> None:
        self._turn(at_s)
        self._seen.append(value_s)

    def is_too_much(self, at_s: float) -> bool:
        self._turn(at_s)
        return self.middle_s > self.most_s

    def _turn(self, at_s: float) -> None:
        if at_s - self._began >= _WINDOW_S:
            self.middle_s = median(self._seen) if len(self._seen) >= _FEW else 0.0
            self._began, self._seen = at_s, []


class Strain:
    """`start` and `stop` belong to the lifespan."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._late, self._long = _Middle(_LATE_S), _Middle(_LONG_S)
        self._looking: asyncio.Task[None] | None = None

    def is_felt(self) -> bool:
        """Whether turns are slowed down by whatever else is begun here."""
        now = self._clock()
        return self._late.is_too_much(now) or self._long.is_too_much(now)

    def late_s(self) -> float:
        """How late the event loop comes to every second thing that is due."""
        return self._late.middle_s

    @contextmanager
    def taking_in(self) -> Iterator[None]:
        """What is inside takes one message in."""
        began = self._clock()
        try:
            yield
        finally:
            now = self._clock()
            self._long.seen(now, now - began)

    def was_late(self, late_s: float) -> None:
        """One look at the event loop."""
        self._late.seen(self._clock(), late_s)

    def start(self) -> None:
        """Begin to look."""
        self._looking = asyncio.create_task(self._look(), name="strain")

    async def stop(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    async def _look(self) -> None:
        while True:
            due = self._clock() + _LOOK_EVERY_S
            await asyncio.sleep(_LOOK_EVERY_S)
            self.was_late(max(0.0, self._clock() - due))
