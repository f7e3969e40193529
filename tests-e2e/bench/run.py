"""`make bench`: what one customer turn costs us, beside other agent loops that do the same HTTP work. See README.md."""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from turnbench.goals import verdicts
from turnbench.product import OURS
from turnbench.report import goals, table, write_json
from turnbench.rivals import RIVALS
from turnbench.session import run_session

RESULTS = Path(__file__).parents[2] / "bench-results"
SECONDS = 200.0


def main() -> int:
    """Measures, prints, writes. 0 when it ran, whatever it found; with --strict 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="at most so many rounds (3)")
    parser.add_argument("--only", nargs="+", choices=[*RIVALS, OURS], default=[*RIVALS, OURS], metavar="NAME")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a goal was missed")
    arguments = parser.parse_args()
    began = time.monotonic()
    load = os.getloadavg()[0]

    def say(text: str) -> None:
        print(f"  {time.monotonic() - began:4.0f} s  {text}", file=sys.stderr, flush=True)

    print(f"\n  One turn: model, tool, 20 streamed tokens. {os.cpu_count()} cores, load {load:.1f} before the start.")
    with tempfile.TemporaryDirectory(prefix="aiguy-bench-", ignore_cleanup_errors=True) as root:
        measured = asyncio.run(run_session(set(arguments.only), arguments.rounds, SECONDS, Path(root), say))
    judged = verdicts(measured)
    print(f"\n{table(measured)}\n\n{goals(judged)}\n")
    missed = sum(1 for one in judged if not one.met)
    print(f"  {len(judged) - missed} of {len(judged)} goals met, in {time.monotonic() - began:.0f} s")
    print(f"  {write_json(RESULTS, measured, judged, load)}\n")
    return 1 if arguments.strict and missed else 0


if __name__ == "__main__":
    sys.exit(main())
