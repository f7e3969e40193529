"""`python -m contracts.export [--check | --accept-baseline]`. Exit code 1: what is checked in is not what is true."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from contracts.export.baseline import BASELINE, breaks_since, render_baseline
from contracts.export.documents import render
from contracts.export.files import differences, write
from contracts.registry import CONTRACTS


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the generated files, or with `--check` only compare; returns the exit code."""
    options = _options(arguments)
    root: Path = options.root
    if options.check:
        return _report([*differences(root, render(CONTRACTS)), *_breaks(root)])
    for path in write(root, render(CONTRACTS)):
        _say(f"wrote {path}")
    if options.accept_baseline:
        (root / BASELINE).write_bytes(render_baseline(CONTRACTS))
        _say(f"accepted the present state as {BASELINE}")
    return 0


def _breaks(root: Path) -> list[str]:
    baseline = root / BASELINE
    if not baseline.is_file():
        return [f"{BASELINE}: missing; make it with --accept-baseline"]
    return [f"breaking change: {one}" for one in breaks_since(baseline.read_bytes(), CONTRACTS)]


def _report(found: Sequence[str]) -> int:
    for one in found:
        _say(one)
    _say(f"{len(found)} difference(s)" if found else "generated files agree with the contracts")
    return 1 if found else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m contracts.export", description=__doc__)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--check", action="store_true", help="compare, change nothing")
    only.add_argument("--accept-baseline", action="store_true", help="make the present state the accepted one")
    here = Path(__file__).resolve().parents[3]
    parser.add_argument("--root", type=Path, default=here, help="the contracts project (default: this one)")
    return parser.parse_args(arguments)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    raise SystemExit(main())
