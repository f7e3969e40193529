"""`make bench`: what one customer turn costs us, beside other agent loops that do the same HTTP work. See README.md."""

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from onebox.running import run_until_signal
from servicekit.embedded import EmbeddedError
from servicekit.embedded.files import DirectoryLock
from turnbench.goals import verdicts
from turnbench.product import OURS
from turnbench.report import goals, table, write_json
from turnbench.rivals import RIVALS
from turnbench.session import run_session

CHECKOUT = Path(__file__).parents[2]
RESULTS = CHECKOUT / "bench-results"
#: Databases and logs of the last run; wiped at the next.
STATE = CHECKOUT / "var" / "bench"
SECONDS = 215.0
INTERRUPTED = 130


def main() -> int:
    """Measures, prints, writes. 0 when it ran, whatever it found; with --strict 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="at most so many rounds (3)")
    parser.add_argument("--only", nargs="+", choices=[*RIVALS, OURS], default=[*RIVALS, OURS], metavar="NAME")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a goal was missed")
    told = parser.parse_args()
    return run_until_signal(bench(set(told.only), told.rounds, strict=told.strict), _say, interrupted=INTERRUPTED)


async def bench(names: set[str], rounds: int, *, strict: bool) -> int:
    """One measurement, from the first process to the last line."""
    began = time.monotonic()
    load = os.getloadavg()[0]

    def say(text: str) -> None:
        _say(f"{time.monotonic() - began:4.0f} s  {text}")

    print(f"\n  One turn: model, tool, 20 streamed tokens. {os.cpu_count()} cores, load {load:.1f} before the start.")
    STATE.parent.mkdir(exist_ok=True)
    lock = DirectoryLock(STATE.with_suffix(".lock"))
    try:
        lock.acquire()
    except EmbeddedError:
        _say("a measurement runs here already; two at once would measure each other")
        return 1
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir()
    measured = await run_session(names, rounds, SECONDS, STATE, say)
    lock.release()
    judged = verdicts(measured)
    print(f"\n{table(measured)}\n\n{goals(judged)}\n")
    if load > (os.cpu_count() or 1) / 2:
        print(f"  The machine was busy (load {load:.1f}): believe no single round, and no milliseconds.")
    missed = sum(1 for one in judged if not one.met)
    took = time.monotonic() - began
    print(f"  {len(judged) - missed} of {len(judged)} goals met, {measured.rounds} round(s) in {took:.0f} s")
    print(f"  {write_json(RESULTS, measured, judged, load)}\n")
    return 1 if strict and missed else 0


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
