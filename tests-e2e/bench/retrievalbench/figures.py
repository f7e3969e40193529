"""What is measured, and the bars that it is held against."""

import math
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds over all searches of a run, the processor time of one, and how many were done in a second."""

    p50: float
    p95: float
    cpu: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One size. Rates are per second of wall time, `ingest_cpu` per second of processor time of the ingesting process.

    `deep_sample`: windows that the deep model really saw; the others carry stand-in vectors of the same kind.
    """

    chunks: int
    windows: int
    documents: int
    ingest: float
    ingest_cpu: float
    deepening: float
    deep_sample: int
    index_s: float
    in_process: Latency
    http: Latency
    rss_mib: float


class Verdict(NamedTuple):
    """One bar."""

    bar: str
    reached: str
    met: bool


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def verdicts(figures: Figures) -> list[Verdict]:
    """The bars at 10,000 chunks; of other sizes only the rate of ingest is judged."""
    found = [Verdict("ingest > 100 chunks/s of a core", f"{figures.ingest_cpu:.0f}", figures.ingest_cpu > 100)]
    if not 9_000 <= figures.chunks <= 11_000:
        return found
    for name, one in (("in process", figures.in_process), ("over HTTP", figures.http)):
        found.append(Verdict(f"search {name}: p50 < 15 ms", f"{one.p50:.1f} ms", one.p50 < 15))
        found.append(Verdict(f"search {name}: p95 < 40 ms", f"{one.p95:.1f} ms", one.p95 < 40))
    found.append(Verdict("memory of the service < 700 MB", f"{figures.rss_mib:.0f} MiB", figures.rss_mib < 667))
    return found
