"""Where the processor time of one orchestrator goes under load: py-spy looks at it from outside, again and again."""

import asyncio
import re
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadbench.finding import Measure
from loadbench.stack import LoadedStack
from loadbench.swarming import INSTALLED, Run
from onebox.ports import ORCHESTRATOR
from turnbench.children import BenchError

_WARM_S, _LAST_S = 8, 8
_LOOKS_PER_S = 100
_OURS = ("orchestrator", "servicekit", "contracts")
#: `name (path/of/file.py:12)`, or a bare name for what is none of Python's.
_FRAME = re.compile(r"^(?P<name>.*) \((?P<file>.*?)(?::\d+)?\)$")
_STDLIB, _LOOP = "Python itself", "uvloop"
_LINE = re.compile(r"^(?P<stack>.*\)) (?P<often>\d+)$")
#: Below this frame is what starts a service; above it what the service does.
_LOOP_RUNS = "run (asyncio/runners.py"


@dataclass(frozen=True, slots=True)
class Profile:
    """Looks in which the process was busy: by the innermost part of ours on the stack, by what really ran."""

    looks: int
    by_part: Counter[str]
    by_package: Counter[str]

    @classmethod
    def of(cls, lines: Iterable[str]) -> "Profile":
        """From folded stacks: frames with `;` between them, outermost first, a space and how often."""
        parts, packages = Counter[str](), Counter[str]()
        for line in lines:
            found = _LINE.match(line)
            if found is None or _LOOP_RUNS not in found["stack"]:
                continue  # another thread, which waits for work, or a stack that was read while it changed
            often, after = found["often"], found["stack"].partition(_LOOP_RUNS)[2]
            files = [_file(frame) for frame in after.split(";")[1:]]
            ours = next((part for file in reversed(files) if (part := _part(file))), "none of ours")
            parts[ours] += int(often)
            packages[_package(files[-1]) if files else _LOOP] += int(often)
        return cls(parts.total(), parts, packages)

    def tables(self, most: int = 20) -> str:
        """Both tables in Markdown, the largest first, in percent of the looks."""
        return "\n\n".join(
            "\n".join([f"| {name} | % |", "|---|---|", *self._rows(counted, most)])
            for name, counted in (("innermost part of ours on the stack", self.by_part), ("what ran", self.by_package))
        )

    def document(self) -> dict[str, Any]:
        """The same as numbers."""
        return {"looks": self.looks, "by_part": dict(self.by_part), "by_package": dict(self.by_package)}

    def _rows(self, counted: Counter[str], most: int) -> list[str]:
        return [f"| `{name}` | {100 * often / max(1, self.looks):.1f} |" for name, often in counted.most_common(most)]


async def profile(stack: LoadedStack, measure: Measure, run: Run, folder: Path) -> Profile:
    """Loads the stack, and looks. Raises BenchError."""
    running = asyncio.ensure_future(measure(run))
    await asyncio.wait((running,), timeout=_WARM_S)
    file = folder / "stacks.txt"
    process = await asyncio.create_subprocess_exec(
        str(INSTALLED / "bin" / "py-spy"), "record", "--pid", str(stack.stack.pids[ORCHESTRATOR]),
        "--duration", str(max(5, run.seconds - _WARM_S - _LAST_S)), "--rate", str(_LOOKS_PER_S), "--format", "raw",
        "--output", str(file), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, told = await process.communicate()
    await running
    if process.returncode != 0 or not file.exists():
        raise BenchError(f"py-spy could not look: {told.decode(errors='replace')[-500:]}")
    return Profile.of(file.read_text().splitlines())


def _file(frame: str) -> str:
    found = _FRAME.match(frame)
    return found["file"] if found else ""


def _part(file: str) -> str:
    """`orchestrator/turn` for a file below that folder; '' for what is not ours."""
    pieces = file.split("/")
    ours = [place for place, piece in enumerate(pieces) if piece in _OURS]
    if not ours:
        return ""
    folder = pieces[ours[-1] : -1]
    return "/".join(folder[:2]) if len(folder) > 1 else f"{folder[0]}/{pieces[-1]}"


def _package(file: str) -> str:
    if part := _part(file):
        return part.partition("/")[0]
    folder, slash, _ = file.partition("/")
    return folder if slash and folder not in sys.stdlib_module_names else _STDLIB
