"""What the tests of a session came to, bar by bar: printed and written to bench-results/ by `make chaos`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos.customers import Customer
from orchestrator.tools.retry_budget import MOST_SAVED

RESULTS = Path(__file__).parents[2] / "bench-results"
LATE_MS, FAILED_SHARE = 300.0, 0.02


def p95(values: Sequence[float]) -> float:
    """The value that 95 % of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


@dataclass
class Verdicts:
    """Filled by the tests, one call each."""

    over_ms: list[float] = field(default_factory=list)
    found: dict[str, dict[str, Any]] = field(default_factory=dict)

    def turns(self, fault: str, customers: Sequence[Customer]) -> None:
        """How much longer than its tool's time-out each turn took until it ended, or its customer was told to wait."""
        self.over_ms += [(customer.took_s - customer.errand.timeout_s) * 1000 for customer in customers]
        late = round(p95(self.over_ms))
        self.found["13 faults x tools"] = {
            "turns": len(self.over_ms), "ended": len(self.over_ms), "p95_ms_beyond_the_time_out": late,
            "met": late <= LATE_MS,
        }  # fmt: skip

    def breaker(self, *, asked: int, reached: float, intervals: float) -> None:
        """How many calls reached a tool whose breaker was open."""
        row = {"asked": asked, "reached": reached, "intervals": round(intervals, 1), "met": reached <= intervals + 1}
        self.found["14 open breaker"] = row

    def retries(self, *, calls: int, reached: float) -> None:
        """By how much retries multiply the calls of a tool in trouble, besides the few that it had saved before."""
        row = {"calls": calls, "requests": reached, "times": round(reached / calls, 3), "saved": MOST_SAVED}
        self.found["14 retries"] = row | {"met": reached <= 1.1 * calls + MOST_SAVED}

    def models(self, *, turns: int, failed: int, endless: int, half: int, struck: int) -> None:
        """What became of turns whose model failed now and then."""
        met = failed < FAILED_SHARE * turns and not endless and not half
        self.found["16 model faults"] = {
            "turns": turns, "faults": struck, "failed": failed, "without_an_end": endless, "half_sentences": half,
            "met": met,
        }  # fmt: skip

    @property
    def missed(self) -> list[str]:
        """The bars that were not met."""
        return [name for name, row in self.found.items() if not row["met"]]

    def write(self) -> str:
        """Writes the JSON file; the text to print."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"chaos-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
        path.write_text(json.dumps(self.found, indent=1) + "\n", encoding="utf-8")
        lines = [f"{name:<20}{'met' if row['met'] else 'MISSED':<8}{_words(row)}" for name, row in self.found.items()]
        return "\n".join(["", *lines, f"bench-results/{path.name}"])


def _words(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if name != "met")
