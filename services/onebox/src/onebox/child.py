"""One supervised process: restarted with back-off when it ends by itself, ended for good when told to.

It runs in a session of its own, so a Ctrl-C in the terminal reaches only the supervisor, which stops things in order.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from onebox.report import Report
from servicekit.embedded.process import guarded


@dataclass(frozen=True, slots=True)
class BackOff:
    """Pauses between restarts: `first_s`, doubled each time up to `most_s`; anew after `calm_s` of running."""

    first_s: float = 0.5
    most_s: float = 10.0
    calm_s: float = 30.0

    def pause_s(self, crashes: int) -> float:
        """Seconds to wait before the restart that follows crash number `crashes` (1 = the first)."""
        return float(min(self.most_s, self.first_s * 2 ** max(0, crashes - 1)))


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run. `environment` is all that the process gets."""

    name: str
    command: Sequence[str]
    log_file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_wait_s: float = 15.0


class Child:
    """A process that is kept running. All methods belong to one event loop, on the main thread.

    (The kernel ends a child when the *thread* that forked it ends, hence the main thread.)
    """

    def __init__(
        self, spec: ChildSpec, report: Report, back_off: BackOff, on_restart: Callable[[str], None] | None = None
    ) -> None:
        self.spec = spec
        self.restarts = 0
        self._report = report
        self._back_off = back_off
        self._on_restart = on_restart
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs, else None."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start it and keep it running."""
        if self._keeper is not None:
            return
        self._process = await self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name=f"keeper-of-{self.spec.name}")

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL after `stop_wait_s`; returns when the process is gone."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), self.spec.stop_wait_s)
            except TimeoutError:
                self._report.trouble(f"{self.spec.name} did not stop in {self.spec.stop_wait_s:.0f} s: killed")
        self._end_session(process.pid)
        await process.wait()
        self._process = None

    async def restart(self, environment: Mapping[str, str] | None = None) -> None:
        """Stop it and start it again, with another environment when one is given."""
        await self.stop()
        if environment is not None:
            self.spec = replace(self.spec, environment=environment)
        await self.start()

    async def _keep(self) -> None:
        crashes = 0
        while True:
            process = self._process
            if process is None:
                return
            started = time.monotonic()
            code = await process.wait()
            self._end_session(process.pid)
            crashes = 1 if time.monotonic() - started > self._back_off.calm_s else crashes + 1
            pause = self._back_off.pause_s(crashes)
            self._report.trouble(
                f"{self.spec.name} ended {_how(code)}; starts again in {pause:.1f} s, see {self.spec.log_file}"
            )
            await asyncio.sleep(pause)
            try:
                self._process = await self._spawn()
            except OSError as error:
                self._report.trouble(f"{self.spec.name} cannot be started: {error.strerror}")
                continue
            self.restarts += 1
            if self._on_restart is not None:
                self._on_restart(self.spec.name)

    async def _spawn(self) -> asyncio.subprocess.Process:
        with self.spec.log_file.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *guarded(self.spec.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(self.spec.environment),
                start_new_session=True,
            )

    def _end_session(self, pid: int) -> None:
        """Whatever the process left in its group goes with it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _how(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
