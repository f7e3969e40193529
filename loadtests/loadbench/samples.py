"""What the customers of a run saw, turn by turn, and figures of it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from turnbench.percentiles import percentile


@dataclass(frozen=True, slots=True)
class Sample:
    """One turn, or one leg of it, as `loadtests/swarm/turns.py` writes it. Times are milliseconds."""

    kind: str
    tools: int
    at: float
    status: int
    head_ms: float | None
    first_ms: float | None
    words_ms: float | None
    end_ms: float | None
    outcome: str
    error: str

    @property
    def right(self) -> bool:
        """Whether its customer got what they came for."""
        return not self.error


def read_samples(file: Path) -> list[Sample]:
    """All of a file; none when it is not there."""
    if not file.exists():
        return []
    return [Sample(**json.loads(line)) for line in file.read_text().splitlines()]


def taken(samples: Iterable[Sample], share: float, what: str = "end_ms") -> float | None:
    """The percentile of a time over the right ones that have it, in milliseconds; None without any."""
    times = [time for one in samples if one.right and (time := getattr(one, what)) is not None]
    return round(percentile(times, share), 1) if times else None


def table(samples: Sequence[Sample]) -> dict[str, dict[str, float | int | None]]:
    """By kind: how many, how many wrong ones, and percentiles of each time."""
    found: dict[str, dict[str, float | int | None]] = {}
    for kind in sorted({one.kind for one in samples}):
        mine = [one for one in samples if one.kind == kind]
        found[kind] = {
            "turns": len(mine), "errors": sum(not one.right for one in mine),
            "first_event_p95": taken(mine, 95, "first_ms"), "first_words_p50": taken(mine, 50, "words_ms"),
            "end_p50": taken(mine, 50), "end_p95": taken(mine, 95), "end_p99": taken(mine, 99),
        }  # fmt: skip
    return found
