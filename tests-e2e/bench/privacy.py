"""How well and how fast personal data is found: `make bench-privacy`, some seconds, no server and no network.

Judged on the labelled texts of `services/servicekit/tests/privacy/data`, of which every third is held out: no pattern
was fitted to it. Time is processor time, for messages of 500 characters made of these texts.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from servicekit.privacy import STRUCTURED, Finder, Kind
from servicekit.testing.labelled import Labelled, Score, read, score

ROOT = Path(__file__).parents[2]
TEXTS = ROOT / "services" / "servicekit" / "tests" / "privacy" / "data"
LENGTH = 500
ROUNDS = 5
GROUPS: dict[str, tuple[Kind, ...]] = {
    "what has a form": tuple(sorted(STRUCTURED)),
    "names": (Kind.NAME,),
    "addresses": (Kind.ADDRESS,),
}


class Verdict(NamedTuple):
    """A bar, what was reached, and whether that is enough."""

    bar: str
    reached: str
    met: bool


def main() -> int:
    """Prints a table and a verdict per bar; 1 with --strict when one was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a bar was missed")
    told = parser.parse_args()
    finder, texts = Finder.load(), read(TEXTS)
    parts = {
        "fitted to": score(finder, [one for one in texts if not one.held_out]),
        "held out": score(finder, [one for one in texts if one.held_out]),
    }
    print(f"{'kind':<14}{'part':<12}{'values':>8}{'recall':>9}{'precision':>11}")
    for kind in Kind:
        for part, counted in parts.items():
            print(
                f"{kind:<14}{part:<12}{counted.there[kind]:>8}{counted.recall([kind]):>9.3f}"
                f"{counted.precision([kind]):>11.3f}"
            )
    p50, p95 = _microseconds(finder, texts)
    print(f"\n{LENGTH} characters: p50 {p50:.0f} µs, p95 {p95:.0f} µs of processor time")
    judged = [*(one for part in parts.items() for one in _verdicts(*part)), _speed(p50)]
    for verdict in judged:
        print(f"  {'met   ' if verdict.met else 'MISSED'}  {verdict.bar:<58} {verdict.reached}")
    path = ROOT / "bench-results" / f"privacy-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(exist_ok=True)
    report = {
        "texts": len(texts), "length": LENGTH, "p50_us": p50, "p95_us": p95,
        "kinds": {part: _figures(counted) for part, counted in parts.items()},
        "verdicts": [verdict._asdict() for verdict in judged],
    }  # fmt: skip
    path.write_text(json.dumps(report, indent=2) + "\n")
    print(f"written to {path.relative_to(ROOT)}")
    return int(told.strict and not all(verdict.met for verdict in judged))


def _verdicts(part: str, counted: Score) -> Iterable[Verdict]:
    for group, kinds in GROUPS.items():
        bar = 0.97 if len(kinds) > 1 else 0.85
        for name, share, least in (
            ("recall", counted.recall(kinds), bar),
            ("precision", counted.precision(kinds), 0.9),
        ):
            yield Verdict(f"{part}: {name} of {group} at least {least}", f"{share:.3f}", share >= least)


def _speed(p50: float) -> Verdict:
    return Verdict(f"{LENGTH} characters in less than 1000 µs (p50)", f"{p50:.0f} µs", p50 < 1000)


def _figures(counted: Score) -> dict[str, dict[str, float]]:
    return {
        kind: {
            "values": counted.there[kind], "recall": counted.recall([kind]), "precision": counted.precision([kind]),
        }
        for kind in Kind
    }  # fmt: skip


def _microseconds(finder: Finder, texts: Iterable[Labelled]) -> tuple[float, float]:
    """The 50th and 95th percentile of one `find`."""
    whole = " ".join(one.text for one in texts)
    messages = [whole[place : place + LENGTH] for place in range(0, len(whole) - LENGTH, LENGTH)]
    took = []
    for message in messages * ROUNDS:
        begun = time.process_time()
        finder.find(message)
        took.append((time.process_time() - begun) * 1e6)
    cuts = quantiles(took, n=20)
    return cuts[9], cuts[18]


if __name__ == "__main__":
    sys.exit(main())
