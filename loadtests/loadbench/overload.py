"""More than can be carried: turns come at a steady rate for a minute, whatever becomes of those before them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from loadbench.finding import Measure
from loadbench.mailbox import Mailed
from loadbench.report import document, say
from loadbench.samples import Sample, taken
from loadbench.swarming import Run
from turnbench.percentiles import percentile

TIMES = (3, 5)
SECONDS = 60
_AFTER_SECONDS, _AFTER_USERS = 30, 4
#: What a customer gets who is turned away at once; and how the turn ends of one who is promised an e-mail.
_SHED, LATER = (429, 503), "later"
_IN_TIME_MS = {0: 2500.0, 1: 2500.0, 2: 4500.0}


async def overload(
    measure: Measure, capacity: float, scenario: str, settled: Callable[[], Awaitable[Mailed]], seconds: int = SECONDS
) -> list[dict[str, Any]]:
    """What came of each rate, of few customers right after it, and of the promised mails. Raises BenchError."""
    found, before = [], Mailed()
    for times in TIMES:
        rate = times * capacity
        run = Run(f"overload-{times}", scenario, 1, seconds, rate=rate, most_turns=round(rate * seconds))
        measured = await measure(run)
        after = await measure(Run(f"after-{times}", scenario, _AFTER_USERS, _AFTER_SECONDS))
        samples = measured.samples
        mailed = await settled()
        refused, later = shed(samples)
        row = {
            "times": times, "rate": rate, "turns": len(samples), "in_time_per_second": in_time(samples) / seconds,
            "refused": len(refused), "refused_p95_ms": _percentile(refused), "later": len(later),
            "later_p95_ms": _percentile(later), "right": sum(one.right for one in samples),
            "promised": mailed.promised - before.promised, "mailed": mailed.came - before.came,
            "mailed_twice": mailed.twice - before.twice, "mailed_within_s": mailed.waited_s,
            "end_p95_ms": taken(samples, 95),
            "recovered_s": recovered_s(after.samples), "rss_mib": measured.spent.rss_mb,
            "rss_after_mib": after.spent.rss_last_mb,
        }  # fmt: skip
        found.append(row | {"during": document(measured), "after": document(after)})
        before = mailed
        say("  " + ", ".join(f"{name} {value}" for name, value in row.items() if not name.startswith("rss")))
    return found


def shed(samples: Iterable[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Those who were turned away, and those who were promised the answer by e-mail."""
    listed = list(samples)
    return [one for one in listed if one.status in _SHED], [one for one in listed if one.outcome == LATER]


def in_time(samples: Iterable[Sample]) -> int:
    """How many customers got what they came for, in the time that the targets give."""
    return sum(one.right and one.end_ms is not None and one.end_ms < _IN_TIME_MS[one.tools] for one in samples)


def _percentile(samples: Sequence[Sample]) -> float | None:
    """Of the time until they knew: a refusal is its head, a promise the end of its stream."""
    times = [one.end_ms or one.head_ms for one in samples if one.head_ms is not None]
    return round(percentile([one for one in times if one is not None], 95), 1) if times else None


def recovered_s(samples: Sequence[Sample]) -> float | None:
    """Seconds after the first of these turns from which all were in time again; None: not in these."""
    began = min(one.at for one in samples)
    late = [one.at for one in samples if not in_time([one])]
    if not late:
        return 0.0
    later = [one.at for one in samples if one.at > max(late)]
    return round(min(later) - began, 1) if later else None
