"""One pod, as a process: it starts, is ready, is told to leave as Kubernetes tells it, and ends by itself."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from k8s.rendered import Pod

from onebox.readiness import wait_ready
from servicekit.embedded.ports import LOOPBACK
from servicekit.embedded.process import guarded

#: Seconds of a manifest that are only waited for are so much shorter here; what may take long keeps its time.
FASTER = 10


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a manifest says of the end of its pod, in seconds. `quits`: the hook itself tells nginx to end its work."""

    hook_s: float
    grace_s: float
    quits: bool

    @classmethod
    def of(cls, pod: Pod) -> "Leaving":
        """Read from a rendered pod."""
        hook = pod.container.get("lifecycle", {}).get("preStop", {})
        seconds, quits = hook.get("sleep", {}).get("seconds", 0), False
        if "exec" in hook:
            told = re.fullmatch(r"sleep (\d+); kill -QUIT 1; sleep \d+", hook["exec"]["command"][2])
            assert told is not None, hook
            seconds, quits = int(told[1]), True
        return cls(seconds / FASTER, float(pod.spec["terminationGracePeriodSeconds"]), quits)


@dataclass
class Running:
    """A process of a workload, with its own port. `revision` is the tag of its image."""

    workload: str
    revision: str
    port: int
    log: Path
    leaving: Leaving
    ready_path: str
    ended: str = ""
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        """Its process."""
        assert self.process is not None
        return self.process.pid

    async def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it, and wait until it says that it is ready. Raises NotReadyError."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *guarded(command), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=asyncio.subprocess.STDOUT,
                env=dict(environment), start_new_session=True,
            )  # fmt: skip
        async with httpx.AsyncClient(timeout=5.0) as client:
            url = f"http://{LOOPBACK}:{self.port}"
            await wait_ready(
                client, url, path=self.ready_path, given_up=lambda: self.process.returncode is not None, timeout_s=90
            )

    async def leave(self, limit_s: float) -> None:
        """The hook, the signal, and the time that it has; `ended` says how it went: by itself, or killed.

        `limit_s` bounds the grace of the manifest, so that a test which goes wrong says so soon.
        """
        process, began = self.process, time.monotonic()
        assert process is not None
        await asyncio.sleep(self.leaving.hook_s)
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGQUIT if self.leaving.quits else signal.SIGTERM)
        try:
            code = await asyncio.wait_for(process.wait(), min(limit_s, self.leaving.grace_s))
        except TimeoutError:
            self.kill()
            code = await process.wait()
        left = time.monotonic() - began
        self.ended = f"{'by itself' if code in (0, -signal.SIGTERM) else f'with code {code}'} after {left:.1f} s"

    def kill(self) -> None:
        """At once, with all that it started."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
