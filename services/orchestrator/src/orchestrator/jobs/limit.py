"""How many turns at once this process can carry, found from what they take beyond the model and the tools. Pure: times
go in, a limit comes out.

A model that is slow today, or turns of another kind, are no crowd: what a turn adds to those it asks is. While that is
within `target_s`, a few more are let in; when it is more, fewer, as the gradient says (Netflix's concurrency-limits and
Envoy's adaptive concurrency do it with whole times). Where the fewest take longer than that too, and the process is not
strained by what else it does, it is not the crowd: then twice what those few take is the measure, until turns are quick
again. Were it so under strain, turning people away would slow turns down, and for that more of them would be let in.
"""

import math
from dataclasses import dataclass, field

#: A window is judged when so many turns have ended in it, and it has lasted for so long (in seconds).
_TURNS, _WINDOW_S = 16, 0.5
#: Where turns end seldom, so many in so long will do.
_FEW_TURNS, _LONG_WINDOW_S = 8, 8.0
#: At the floor for so many windows, and still slow: it is not the crowd.
_AT_FLOOR = 3
#: Among many a turn may take so many times what it takes among the fewest.
_TOLERANCE = 2.0
#: No window halves the limit more than once.
_STEEPEST = 0.5
#: The share of the old limit that stays in the new one: one odd window does not throw it about.
_STAYS = 0.6
#: Turns that are quick in a process under strain give a little of their room to what else it does.
_GIVES = 0.05


@dataclass(slots=True)
class AdaptiveLimit:
    """Between `least` and `most`. `now` is whole turns; `ended` tells it of one, with times in seconds of one clock."""

    least: int
    most: int
    target_s: float = 0.5
    now: int = field(init=False)
    #: What a turn may take: the target, or more where few turns take longer than that.
    bar_s: float = field(init=False)
    _exact: float = field(init=False)
    _grown: bool = False
    _began: float | None = None
    _took: list[float] = field(default_factory=list)
    _busiest: int = 0
    _strained: int = 0
    _at_floor: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise ValueError(f"a limit between {self.least} and {self.most} is none")
        self.bar_s = self.target_s
        # Half of it, until it is known what a turn takes: a process may begin in the middle of a rush.
        self._exact = float(max(self.least, self.most // 2))
        self.now = int(self._exact)

    @property
    def is_found(self) -> bool:
        """Whether this process is what turns wait for: with more of them at once they were slow."""
        return self._grown and self.now < self.most

    def ended(self, at_s: float, took_s: float, running: int, *, strained: bool = False) -> None:
        """A turn has ended at `at_s`; `took_s` of it were spent here. `running` ran then, itself included. `strained`:
        the process had more to do than it can.
        """
        if self._began is None:
            self._began = at_s
        self._took.append(took_s)
        self._busiest, self._strained = max(self._busiest, running), self._strained + strained
        lasted_s, turns = at_s - self._began, len(self._took)
        if (turns >= _TURNS and lasted_s >= _WINDOW_S) or (turns >= _FEW_TURNS and lasted_s >= _LONG_WINDOW_S):
            self._judge(sum(self._took) / len(self._took))
            self._began, self._took, self._busiest, self._strained = at_s, [], 0, 0

    def _judge(self, took_s: float) -> None:
        if took_s <= self.target_s:
            self.bar_s = self.target_s
        if 2 * self._busiest < self.now:
            # Nobody was kept waiting by the limit: whatever made these turns slow, it was not how many they were.
            return
        strained = 2 * self._strained > len(self._took)
        slow = took_s > self.bar_s
        at_floor = slow and self.now <= self.least and not strained
        self._at_floor = self._at_floor + 1 if at_floor else 0
        if self._at_floor >= _AT_FLOOR:
            self.bar_s, self._at_floor = _TOLERANCE * took_s, 0
            return
        if slow:
            self._grown = True
            steep = max(_STEEPEST, self.bar_s / took_s)
            aimed = self._exact * (_STAYS + (1 - _STAYS) * steep)
        elif strained:
            aimed = self._exact * (1 - _GIVES)
        else:
            # Twice as many at first, as TCP begins; later a step that is small beside what is carried already.
            aimed = self._exact + (math.sqrt(self._exact) if self._grown else self._exact)
        self._exact = min(float(self.most), max(float(self.least), aimed))
        self.now = int(self._exact)
