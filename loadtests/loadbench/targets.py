"""The targets of a load test, and what came of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from loadbench.samples import Sample, taken
from turnbench.goals import Verdict

_GROUPS: dict[str, Callable[[Sample], bool]] = {
    "no_tools": lambda one: one.tools == 0,
    "retrieval": lambda one: one.kind == "faq",
    "order": lambda one: one.kind == "order",
    "up_to_one_tool": lambda one: one.tools <= 1,
    "two_tools": lambda one: one.tools == 2,
}


@dataclass(frozen=True, slots=True)
class Targets:
    """Milliseconds by group of turns, and a share of all turns."""

    p50_ms: dict[str, float]
    p95_ms: dict[str, float]
    error_rate: float

    @classmethod
    def read(cls, file: Path) -> "Targets":
        """Those of a file. Raises TypeError for a misspelt one, KeyError for a group that there is not."""
        told = cls(**yaml.safe_load(file.read_text()))
        for group in (*told.p50_ms, *told.p95_ms):
            _GROUPS[group]
        return told

    def judge(self, samples: Sequence[Sample]) -> list[Verdict]:
        """A verdict for each target that the samples have turns for; that of the errors always."""
        found = []
        for share, bars in ((50, self.p50_ms), (95, self.p95_ms)):
            for group, most_ms in bars.items():
                mine = [one for one in samples if _GROUPS[group](one)]
                if mine:
                    reached = taken(mine, share)
                    told = "nobody was answered" if reached is None else f"{reached:.0f} ms"
                    goal = f"p{share} of turns, {group.replace('_', ' ')}: below {most_ms:g} ms"
                    found.append(Verdict(goal, told, reached is not None and reached < most_ms))
        wrong = sum(not one.right for one in samples)
        goal = f"errors: below {self.error_rate:.2%} of turns"
        told = f"{wrong} of {len(samples)}"
        found.append(Verdict(goal, told, bool(samples) and wrong / len(samples) < self.error_rate))
        return found
