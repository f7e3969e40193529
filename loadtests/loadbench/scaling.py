"""Each part of the product alone twice, under the same load: what that carries more, or does not."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from loadbench.measuring import MeasuredRun
from loadbench.report import BESIDE, document, say
from loadbench.samples import taken
from loadbench.stack import LoadedStack
from loadbench.swarming import Run
from loadbench.targets import Targets
from loadbench.twins import TWINS, twin

_HEAD = ("twice", "turns per second", "p50", "p95", "ms of processor", "targets")


async def scale(
    stack: LoadedStack, measure: Callable[[Run], Awaitable[MeasuredRun]], targets: Targets, run: Run, folder: Path
) -> list[dict[str, Any]]:
    """One run with everything once, then one for each part; a line for each, as it comes. Raises BenchError."""
    say("  " + "".join(f"{cell:>18}" for cell in _HEAD))
    rows = []
    for place, part in enumerate((None, *TWINS, None)):
        async with twin(stack, part, folder):
            named = replace(run, name=f"scale-{place}-{part or 'nothing'}", first_order=29 * place)
            measured = await measure(named)
        missed = [one.goal for one in targets.judge(measured.samples) if not one.met]
        product = sum(ms for name, ms in measured.cpu_per_turn().items() if name not in BESIDE)
        p50, p95 = (taken(measured.samples, share) or 0.0 for share in (50, 95))
        cells = (
            part or "nothing", f"{measured.per_second:.1f}", f"{p50:.0f}", f"{p95:.0f}", f"{product:.1f}",
            f"{len(missed)} missed" if missed else "met",
        )  # fmt: skip
        say("  " + "".join(f"{cell:>18}" for cell in cells))
        rows.append({"twice": part, "missed": missed} | document(measured))
    return rows
