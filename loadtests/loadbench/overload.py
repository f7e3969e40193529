"""More than can be carried: turns come at a steady rate for a minute, whatever becomes of those before them."""

from collections.abc import Iterable, Sequence
from typing import Any

from loadbench.finding import Measure
from loadbench.report import document, say
from loadbench.samples import Sample, taken
from loadbench.swarming import Run
from turnbench.percentiles import percentile

TIMES = (3, 5)
_SECONDS = 60
_AFTER_SECONDS, _AFTER_USERS = 30, 4
#: What a customer gets who is turned away at once.
_SHED = (429, 503)
_IN_TIME_MS = {0: 2500.0, 1: 2500.0, 2: 4500.0}


async def overload(measure: Measure, capacity: float, scenario: str) -> list[dict[str, Any]]:
    """What came of each rate, and of few customers right after it. Raises BenchError."""
    found = []
    for times in TIMES:
        rate = times * capacity
        run = Run(f"overload-{times}", scenario, 1, _SECONDS, rate=rate, most_turns=round(rate * _SECONDS))
        measured = await measure(run)
        after = await measure(Run(f"after-{times}", scenario, _AFTER_USERS, _AFTER_SECONDS))
        samples = measured.samples
        shed = [one for one in samples if one.status in _SHED]
        row = {
            "times": times, "rate": rate, "turns": len(samples), "in_time_per_second": in_time(samples) / _SECONDS,
            "shed": len(shed), "shed_p95_ms": _percentile(shed), "right": sum(one.right for one in samples),
            "end_p95_ms": taken(samples, 95),
            "recovered_s": recovered_s(after.samples), "rss_mib": measured.spent.rss_mb,
            "rss_after_mib": after.spent.rss_last_mb,
        }  # fmt: skip
        found.append(row | {"during": document(measured), "after": document(after)})
        say("  " + ", ".join(f"{name} {value}" for name, value in row.items() if not name.startswith("rss")))
    return found


def in_time(samples: Iterable[Sample]) -> int:
    """How many customers got what they came for, in the time that the targets give."""
    return sum(one.right and one.end_ms is not None and one.end_ms < _IN_TIME_MS[one.tools] for one in samples)


def _percentile(shed: Sequence[Sample]) -> float | None:
    times = [one.head_ms for one in shed if one.head_ms is not None]
    return round(percentile(times, 95), 1) if times else None


def recovered_s(samples: Sequence[Sample]) -> float | None:
    """Seconds after the first of these turns from which all were in time again; None: not in these."""
    began = min(one.at for one in samples)
    late = [one.at for one in samples if not in_time([one])]
    if not late:
        return 0.0
    later = [one.at for one in samples if one.at > max(late)]
    return round(min(later) - began, 1) if later else None
