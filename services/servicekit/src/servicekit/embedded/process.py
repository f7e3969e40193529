"""One server process: started through the guard, stopped step by step, never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from servicekit.embedded import guard
from servicekit.embedded.account import Account
from servicekit.embedded.errors import EmbeddedError

POLL_S = 0.01


def guarded(command: Sequence[str], *, death_signal: int = signal.SIGTERM, account: Account | None = None) -> list[str]:
    """The command line that runs `command` so that it gets `death_signal` when the calling process dies."""
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    head = [sys.executable, "-IS", guard.__file__, str(os.getpid()), str(int(death_signal))]
    return [*head, str(uid), str(gid), "--", *command]


@dataclass(frozen=True, slots=True)
class StopStep:
    """Send `signal`, then wait up to `wait_s` seconds."""

    signal: int
    wait_s: float


class ServerProcess:
    """A child process with a log file.

    The kernel's parent-death signal is bound to the *thread* that forked, so each child is forked by a thread of its
    own that lives as long as the child does.
    """

    def __init__(self, name: str, log_file: Path) -> None:
        self.name = name
        self.log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None
        self._parent: ThreadPoolExecutor | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs, else None."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def spawn(
        self,
        command: Sequence[str],
        *,
        death_signal: int,
        account: Account | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Start the command in a session of its own (a Ctrl-C in the terminal does not reach it)."""
        if self.pid:
            raise EmbeddedError(f"{self.name} is already running")
        self._end_thread()
        self._parent = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"parent-of-{self.name}")
        line = guarded(command, death_signal=death_signal, account=account)
        with self.log_file.open("ab") as log:
            self._process = self._parent.submit(
                subprocess.Popen,
                line,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=None if env is None else dict(env),
                start_new_session=True,
            ).result()

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for `ready()`; False when the process ended or the time is over."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if ready():
                return True
            if self.pid is None:
                return False
            time.sleep(POLL_S)
        return False

    def stop(self, steps: Sequence[StopStep]) -> None:
        """Go through the steps until the process is gone; SIGKILL is the last resort."""
        process = self._process
        if process is not None:
            for step in (*steps, StopStep(signal.SIGKILL, 10.0)):
                if process.poll() is not None:
                    break
                process.send_signal(step.signal)
                try:
                    process.wait(step.wait_s)
                except subprocess.TimeoutExpired:
                    continue
            if process.poll() is None:
                raise EmbeddedError(f"{self.name} (pid {process.pid}) does not end")
        self._process = None
        self._end_thread()

    def log_tail(self, lines: int = 12) -> str:
        """The end of its log, for error messages."""
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def _end_thread(self) -> None:
        if self._parent is not None:
            self._parent.shutdown()
            self._parent = None


def is_running(pid: int) -> bool:
    """True while `pid` does something; False when it is gone, or ended and only waits for its parent to notice."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return not Path("/proc/self").exists()
    return state not in {"Z", "X"}
