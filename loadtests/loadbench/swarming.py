"""Locust in a process and an installation of its own: its gevent is in none of the services."""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from loadbench.samples import Sample, read_samples
from loadbench.stack import LoadedStack
from servicekit.embedded.process import guarded
from turnbench.children import BenchError

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / "var" / "load-venv"
_SWARM = ROOT / "loadtests" / "swarm"
#: What turns that are under way at the end may still take, in seconds.
_LAST_TURNS_S = 40
_LATE_S = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the swarm: so many customers for so many seconds. `rate`: turns per second that come anyway."""

    name: str
    scenario: str
    users: int
    seconds: int
    flash: bool = False
    rate: float | None = None
    think_s: float = 0.0
    most_turns: int = 200_000
    first_order: int = 0


async def install() -> None:
    """What the swarm needs, as it is locked, where no service looks. Raises BenchError."""
    environment = os.environ | {"UV_PROJECT_ENVIRONMENT": str(INSTALLED)}
    process = await asyncio.create_subprocess_exec(
        str(ROOT / ".ci" / "setup"), "--only-group", "load", env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    told, _ = await process.communicate()
    if process.returncode != 0:
        raise BenchError(f"Locust could not be installed:\n{told.decode(errors='replace')}")


class Swarm:
    """A run that is under way; `pids` are its processes."""

    def __init__(self, process: asyncio.subprocess.Process, run: Run, folder: Path) -> None:
        self._process, self._run, self._folder = process, run, folder

    def pids(self) -> list[int]:
        """The process that runs the customers."""
        return [self._process.pid] if psutil.pid_exists(self._process.pid) else []

    async def samples(self) -> list[Sample]:
        """All turns, when the run is over. Raises BenchError when it does not end, or nobody came."""
        try:
            await asyncio.wait_for(self._process.wait(), self._run.seconds + _LAST_TURNS_S + _LATE_S)
        except TimeoutError as error:
            raise BenchError(f"{self._run.name}: Locust did not end") from error
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()
        found = read_samples(self._folder / f"{self._run.name}.jsonl")
        if not found:
            log = (self._folder / f"{self._run.name}.log").read_text(errors="replace")
            raise BenchError(f"{self._run.name}: nobody came\n{log[-3000:]}")
        return found


async def begin(stack: LoadedStack, run: Run, folder: Path, html: Path | None = None) -> Swarm:
    """Starts a run; its plan, log and samples are in `folder`, Locust's own report in `html`."""
    plan = folder / f"{run.name}.plan.json"
    samples = folder / f"{run.name}.jsonl"
    samples.unlink(missing_ok=True)
    told = {
        "scenario": run.scenario, "tokens": str(stack.tokens_file), "samples": str(samples), "rate": run.rate,
        "think_s": run.think_s, "most_turns": run.most_turns, "first": run.first_order,
    }  # fmt: skip
    plan.write_text(json.dumps(told))
    command = _command(run, stack.door, html)
    with (folder / f"{run.name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *guarded(command), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            env=_environment(plan), start_new_session=True, cwd=folder,
        )  # fmt: skip
    return Swarm(process, run, folder)


def _command(run: Run, door: str, html: Path | None) -> list[str]:
    files = [_SWARM / "locustfile.py", *([_SWARM / "flash.py"] if run.flash else [])]
    command = [
        str(INSTALLED / "bin" / "python"), "-m", "locust", "-f", ",".join(map(str, files)), "--headless",
        "--host", door,
        "--users", str(run.users), "--spawn-rate", "1000", "--run-time", f"{run.seconds}s",
        "--stop-timeout", str(_LAST_TURNS_S), "--exit-code-on-error", "0", "--only-summary", "--skip-log-setup",
    ]  # fmt: skip
    if html is not None:
        command += ["--html", str(html)]
    return [*command, "Customer" if run.rate is None else "Crowd"]


def _environment(plan: Path) -> Mapping[str, str]:
    passed = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return passed | {"SWARM_PLAN": str(plan), "PYTHONPATH": str(_SWARM)}
