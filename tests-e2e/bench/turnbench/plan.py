"""How much is measured: enough for steady medians, little enough for four minutes on two shared cores."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from turnbench.children import BenchError
from turnbench.measuring import Sample, Subject, measure
from turnbench.rivals import LIGHT

#: Concurrency to turns per round; the one that the goals look at stands first, in case time runs out.
TURNS = {16: 160, 1: 16, 64: 128}
LIGHT_TIMES = 5
TOKENS = 20
_WARM_UP, _WARM_UP_AT = 48, 16

Say = Callable[[str], None]


@dataclass(slots=True)
class Deadline:
    """When the last round must have ended. A round that would not fit any more is not begun."""

    at: float
    longest_s: float = 0.0

    @classmethod
    def within(cls, seconds: float) -> "Deadline":
        """So many seconds from now."""
        return cls(time.monotonic() + seconds)

    def part(self, share: float) -> "Deadline":
        """A deadline when this share of what is left has passed."""
        now = time.monotonic()
        return Deadline(now + (self.at - now) * share)

    @property
    def passed(self) -> bool:
        """Whether it is too late already."""
        return time.monotonic() > self.at

    def fits(self) -> bool:
        """Whether another round like the longest so far ends in time."""
        return time.monotonic() + self.longest_s < self.at


async def rounds(
    subjects: Sequence[Subject], most: int, deadline: Deadline, missing: dict[str, str], say: Say
) -> list[Sample]:
    """Rounds of all subjects, one after the other within each (A B C, A B C …), so that noise strikes all alike.

    `most` rounds are run, or as many as fit; a first round that does not fit is cut short. A subject that fails is left
    out from then on, and noted in `missing`.
    """
    samples: list[Sample] = []
    for subject in subjects:
        await _take(subject, _WARM_UP, _WARM_UP_AT, missing)
    for number in range(1, most + 1):
        if number > 1 and not deadline.fits():
            say(f"no time for round {number}")
            break
        began = time.monotonic()
        for concurrency, turns in TURNS.items():
            if samples and deadline.passed:
                say(f"no time for {concurrency} at once")
                break
            for subject in subjects:
                times = LIGHT_TIMES if subject.name in LIGHT else 1
                samples += await _take(subject, turns * times, concurrency, missing)
        took = time.monotonic() - began
        deadline.longest_s = max(deadline.longest_s, took)
        say(f"round {number} of {', '.join(one.name for one in subjects)}: {took:.0f} s")
    return samples


async def _take(subject: Subject, turns: int, concurrency: int, missing: dict[str, str]) -> list[Sample]:
    if subject.name in missing:
        return []
    try:
        return [await measure(subject, turns, concurrency, TOKENS)]
    except BenchError as error:
        missing[subject.name] = str(error)
        return []
