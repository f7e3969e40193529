"""What a load test has found, for people and as a document."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from loadbench.added import added_p95_ms
from loadbench.measuring import MeasuredRun
from loadbench.samples import Sample, table, taken
from turnbench.goals import Verdict

_COLUMNS = ("turns", "errors", "first_event_p95", "first_words_p50", "end_p50", "end_p95", "end_p99")
#: No part of the product: what measures it, and what stands in for the world.
BESIDE = ("load generator", "supervisor", "scripted model")


def say(text: str = "") -> None:
    """A line for whoever waits."""
    print(text, file=sys.stderr, flush=True)


def kinds(samples: Sequence[Sample]) -> str:
    """A line per kind of turn; times in milliseconds."""
    rows = [("kind", *(name.replace("_", " ") for name in _COLUMNS))]
    rows += [(kind, *(_cell(row[name]) for name in _COLUMNS)) for kind, row in table(samples).items()]
    return "\n".join(f"  {row[0]:<16}" + "".join(f"{cell:>17}" for cell in row[1:]) for row in rows)


def costs(measured: MeasuredRun) -> str:
    """Turns per second; the processor time of a turn by process, and its share of the product's."""
    per_turn = measured.cpu_per_turn()
    cores = os.cpu_count() or 1
    head = f"  {measured.per_second:.1f} turns per second, {measured.per_second / cores:.1f} per core of {cores}"
    product = sum(ms for name, ms in per_turn.items() if name not in BESIDE)
    rows = [
        f"  {name:<16}{ms:>9.2f} ms of processor per turn {_share(name, ms, product):>5}  {_memory(measured, name)}"
        for name, ms in sorted(per_turn.items(), key=lambda one: -one[1])
    ]
    stores = ", ".join(f"{value:.0f} {name.replace('_', ' ')}" for name, value in measured.stores.items())
    return "\n".join([head, *rows, f"  stores, per turn: {stores}"])


def _share(name: str, ms: float, product: float) -> str:
    return "" if name in BESIDE else f"{100 * ms / max(product, 0.001):.0f} %"


def _memory(measured: MeasuredRun, name: str) -> str:
    spent = measured.spent
    first, last = spent.rss_first_mb.get(name, 0.0), spent.rss_last_mb.get(name, 0.0)
    return f"MiB: {first:.0f} at first, {spent.rss_mb.get(name, 0.0):.0f} at most, {last:.0f} at last"


def judged(verdicts: Sequence[Verdict]) -> str:
    """A line per target, and the verdict."""
    lines = [f"  {'met   ' if one.met else 'MISSED'}  {one.goal:<56} {one.reached}" for one in verdicts]
    missed = sum(not one.met for one in verdicts)
    plain = f"VERDICT: {missed} TARGETS MISSED (see above)" if missed else "VERDICT: all targets met"
    return "\n".join([*lines, plain])


def document(measured: MeasuredRun, verdicts: Sequence[Verdict] = ()) -> dict[str, Any]:
    """All figures of a run, without its single turns."""
    return {
        "run": asdict(measured.run), "kinds": table(measured.samples), "targets": [asdict(one) for one in verdicts],
        "turns_per_second": measured.per_second, "cpu_ms_per_turn": measured.cpu_per_turn(),
        "stores_per_turn": measured.stores,
        "rss_mib": measured.spent.rss_mb, "rss_first_mib": measured.spent.rss_first_mb,
        "rss_last_mib": measured.spent.rss_last_mb, "added_p95_ms": added_p95_ms(measured),
        "first_event_p95_ms": taken(measured.samples, 95, "first_ms"),
        "tool_ms": {name: seconds * 1000 for name, seconds in measured.tool_seconds.items()},
        "errors": _some_errors(measured.samples),
    }  # fmt: skip


def _some_errors(samples: Sequence[Sample], most: int = 20) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for one in samples:
        if one.error and (one.error in found or len(found) < most):
            found[one.error] = found.get(one.error, 0) + 1
    return found


def _cell(value: float | int | None) -> str:
    return "" if value is None else f"{value:.0f}"
