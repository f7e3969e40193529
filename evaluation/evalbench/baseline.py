"""What passed when somebody looked last: one file, committed, case by case. Less than that is a regression."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evalbench.running import Tried

BASELINE = Path(__file__).resolve().parents[1] / "baseline.json"


@dataclass(frozen=True, slots=True)
class Compared:
    """Against the baseline. `regressed` passed then and do not now; `gone` were not among the cases of this run."""

    known: bool
    regressed: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def compare(tried: Sequence[Tried], brain: str, path: Path = BASELINE, *, whole: bool = True) -> Compared:
    """This run beside the baseline of the same Brain. Without one nothing can regress, and `known` says so."""
    if not path.is_file():
        return Compared(known=False)
    kept = json.loads(path.read_text(encoding="utf-8"))
    if kept["brain"] != brain:
        return Compared(known=False)
    before: dict[str, bool] = kept["cases"]
    now = {one.case.id: one.passed for one in tried}
    return Compared(
        known=True,
        regressed=tuple(sorted(name for name, passed in now.items() if before.get(name) and not passed)),
        mended=tuple(sorted(name for name, passed in now.items() if passed and before.get(name) is False)),
        new=tuple(sorted(now.keys() - before.keys())),
        gone=tuple(sorted(before.keys() - now.keys())) if whole else (),
    )


def accept(tried: Sequence[Tried], brain: str, k: int, path: Path = BASELINE) -> None:
    """Takes this run as the baseline."""
    cases = {one.case.id: one.passed for one in sorted(tried, key=lambda one: one.case.id)}
    content = {"brain": brain, "k": k, "passed": sum(cases.values()), "of": len(cases), "cases": cases}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
