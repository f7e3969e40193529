"""How many turns at once this process can carry, found from how long they take. Pure: times go in, a limit comes out.

The limit follows the gradient of latency, as Netflix's concurrency-limits and Envoy's adaptive concurrency do: while
turns take about as long as they do with nothing in their way, a few more are let in; when they take longer than
`tolerance` times that, fewer. What they take with nothing in their way is learned: down at once, up slowly while all
goes well, and up at once at the floor: what few turns at once take is what a turn takes, however long that is.
"""

import math
from dataclasses import dataclass, field

#: A window is judged when so many turns have ended in it, and it has lasted for so long (in seconds). Turns of one kind
#: take a fraction of those of another: a window of few would say which kinds it has, and not how crowded it is.
_TURNS, _WINDOW_S = 24, 1.0
#: Where turns end seldom, so many in so long will do.
_FEW_TURNS, _LONG_WINDOW_S = 8, 8.0
#: What is usual moves so far towards what a window took that was not slow.
_DRIFT = 0.1
#: At the floor for so many windows, and still slow: then a turn simply takes longer by now.
_AT_FLOOR = 3
#: No window halves the limit more than once.
_STEEPEST = 0.5
#: The share of the old limit that stays in the new one: one odd window does not throw it about.
_STAYS = 0.6


@dataclass(slots=True)
class AdaptiveLimit:
    """Between `least` and `most`. `now` is whole turns; `ended` tells it of one, with times in seconds of one clock."""

    least: int
    most: int
    tolerance: float = 2.0
    now: int = field(init=False)
    usual_s: float | None = None
    _exact: float = field(init=False)
    _grown: bool = False
    _began: float | None = None
    _took: list[float] = field(default_factory=list)
    _busiest: int = 0
    _at_floor: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise ValueError(f"a limit between {self.least} and {self.most} is none")
        # Half of it, until it is known what a turn takes: a process may begin in the middle of a rush.
        self._exact = float(max(self.least, self.most // 2))
        self.now = int(self._exact)

    def ended(self, at_s: float, took_s: float, running: int) -> None:
        """A turn has ended at `at_s` after `took_s`; `running` ran then, itself included."""
        if self._began is None:
            self._began = at_s - took_s
        self._took.append(took_s)
        self._busiest = max(self._busiest, running)
        lasted_s, turns = at_s - self._began, len(self._took)
        if (turns >= _TURNS and lasted_s >= _WINDOW_S) or (turns >= _FEW_TURNS and lasted_s >= _LONG_WINDOW_S):
            self._judge(sum(self._took) / len(self._took))
            self._began, self._took, self._busiest = at_s, [], 0

    def _judge(self, took_s: float) -> None:
        took_s = max(took_s, 1e-6)
        if self.usual_s is None or took_s < self.usual_s:
            self.usual_s = took_s
        if 2 * self._busiest < self.now:
            # Nobody was kept waiting by the limit: whatever made these turns slow, it was not how many they were.
            return
        gradient = max(_STEEPEST, min(1.0, self.tolerance * self.usual_s / took_s))
        slow = gradient < 1.0
        if not slow:
            self.usual_s += _DRIFT * (took_s - self.usual_s)
        self._at_floor = self._at_floor + 1 if slow and self.now <= self.least else 0
        if self._at_floor >= _AT_FLOOR:
            self.usual_s, self._at_floor = took_s, 0
            return
        if slow:
            self._grown = True
            target = self._exact * gradient
        else:
            # Twice as many at first, as TCP begins; later a step that is small beside what is carried already.
            target = self._exact + (math.sqrt(self._exact) if self._grown else self._exact)
        stays = _STAYS if slow else 0.0
        self._exact = min(float(self.most), max(float(self.least), stays * self._exact + (1 - stays) * target))
        self.now = int(self._exact)
