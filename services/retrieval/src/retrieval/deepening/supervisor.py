"""Starts the deepening command when windows are pending, and again, later and later, when it died or hung.

It is a process of its own: its model, its memory and its processor time are not the service's, and all of it is gone
when the queue is empty.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from retrieval.deepening import queue
from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

COMMAND = (sys.executable, "-m", "retrieval.deepen")
_LONGEST_PAUSE_S = 60.0
#: A batch takes seconds; on a machine that is busy with better things, minutes.
_PATIENCE_S = 600.0
#: Libraries that would start a thread per core are told not to.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


class Deepener:
    """Looks after one child process.

    `pending` is as of the last look; `looks` counts looks, `failures` children that died or were killed.
    """

    def __init__(
        self,
        db: Database,
        database_url: str,
        *,
        command: Sequence[str] = COMMAND,
        pause_s: float = 1.0,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """`pause_s`: how long after the first failure the next child starts; doubled with each, up to a minute.
        `patience_s`: a child that says nothing for so long is killed."""
        self._db = db
        self._environment = {**os.environ, **_ONE_THREAD, "AIGUY_DATABASE_URL": database_url}
        self._command = command
        self._pause_s = pause_s
        self._patience_s = patience_s
        self._wake = asyncio.Event()
        self._child: asyncio.subprocess.Process | None = None
        self.looks = 0
        self.pending = 0
        self.failures = 0

    @property
    def child_id(self) -> int | None:
        """The process id of the child at work."""
        return None if self._child is None else self._child.pid

    def wake(self) -> None:
        """Has it look for work now rather than at the next interval."""
        self._wake.set()

    async def run(self, interval_s: float) -> None:
        """Looks for work every `interval_s` seconds until cancelled; then the child is ended too."""
        in_a_row = 0
        while True:
            self._wake.clear()
            wait_s = interval_s
            try:
                if await self._look() and await self._work() != 0:
                    self.failures += 1
                    wait_s = min(_LONGEST_PAUSE_S, self._pause_s * 2**in_a_row)
                    in_a_row += 1
                    get_logger().warning("deepening_died", failures=self.failures, pause_s=wait_s)
                    self._wake.clear()
                else:
                    in_a_row = 0
            except ProblemError as error:
                get_logger().warning("deepening_not_started", code=error.code.value)
            except OSError as error:
                get_logger().warning("deepening_not_started", error=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await (asyncio.sleep(wait_s) if in_a_row else self._wake.wait())

    async def _look(self) -> bool:
        async with self._db.primary() as db:
            self.pending = await queue.pending_windows(db)
            self.looks += 1
            return self.pending > 0 and not await queue.is_worked_on(db)

    async def _work(self) -> int:
        """Runs one child to its end; returns its exit code."""
        nowhere = asyncio.subprocess.DEVNULL
        self._child = child = await asyncio.create_subprocess_exec(
            *self._command, env=self._environment, stdin=nowhere, stdout=asyncio.subprocess.PIPE
        )
        try:
            return await self._watch(child)
        finally:
            self._child = None
            await _end(child)

    async def _watch(self, child: asyncio.subprocess.Process) -> int:
        while await self._says_something(child):  # a line per batch
            async with self._db.primary() as db:
                self.pending = await queue.pending_windows(db)
        return await child.wait()

    async def _says_something(self, child: asyncio.subprocess.Process) -> bool:
        if child.stdout is None:
            return False
        try:
            async with asyncio.timeout(self._patience_s):
                return bool(await child.stdout.readline())
        except TimeoutError:
            get_logger().warning("deepening_hangs", silent_s=self._patience_s)
            child.kill()
            return False


async def _end(child: asyncio.subprocess.Process) -> None:
    # Killed, not asked: it loses at most a batch of work, and a service that stops must not wait for it.
    with suppress(ProcessLookupError):
        if child.returncode is None:
            child.kill()
    await child.wait()
