"""Turns that run in the process that accepted them: no queue stands between a message and its first step.

A lease in the turn's row keeps others away. A process that dies stops renewing it; the sweep of any worker then
enqueues the turn as a job, and its journal is folded there (`jobs/worker.py`).
"""

import asyncio
from contextlib import suppress
from typing import Protocol

from orchestrator.journal.accept import Begun
from orchestrator.journal.conversations import Conversation
from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

LEASE_S = 5.0
_RENEW = (
    "UPDATE turns SET leased_until = now() + make_interval(secs => $2)"
    " WHERE id = ANY ($1::text[]) AND status = 'running'"
)


class Turns(Protocol):
    """What runs a turn (`jobs/turns.py`)."""

    async def run_begun(self, begun: Begun) -> None:
        """Run a turn that this process has just accepted and leased."""
        ...


class TurnsHere:
    """At most about `most` turns at once; `start` and `stop` belong to the lifespan."""

    def __init__(self, database: Database, turns: Turns, most: int, *, renew_every_s: float = LEASE_S / 3) -> None:
        self._database, self._turns, self._most, self._renew_every_s = database, turns, most, renew_every_s
        self._running: dict[str, asyncio.Task[None]] = {}
        self._conversations: dict[str, Conversation] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Begin to take turns."""
        self._renewing = asyncio.create_task(self._renew(), name="lease-renewal")

    def lease_s(self) -> float | None:
        """For how long a turn may be leased that is to begin here; None when it has to go through the queue."""
        return None if self._stopping or len(self._running) >= self._most else LEASE_S

    def begin(self, begun: Begun) -> None:
        """Run a turn whose lease this process holds."""
        task = asyncio.create_task(self._turns.run_begun(begun), name=begun.turn_id)
        self._running[begun.turn_id] = task
        self._conversations[begun.turn_id] = begun.conversation
        task.add_done_callback(self._done)

    def conversation_of(self, turn_id: str) -> Conversation | None:
        """The conversation of a turn that began here and runs; whose it is, is for the caller to check."""
        return self._conversations.get(turn_id)

    async def stop(self) -> None:
        """Take no further turn and wait for those that run; what is cut off anyway is taken over by another worker."""
        self._stopping = True
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        if self._renewing is not None:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._running[task.get_name()], self._conversations[task.get_name()]
        if not task.cancelled() and (error := task.exception()) is not None:
            # Whatever it was: the lease runs out, and the turn is taken up again from its journal.
            get_logger().error("a turn failed and will be taken over", turn_id=task.get_name(), exc_info=error)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._renew_every_s)
            if not self._running:
                continue
            try:
                async with self._database.primary() as db:
                    await db.execute(_RENEW, list(self._running), LEASE_S)
            except (ProblemError, OSError, TimeoutError) as error:
                # A turn whose lease runs out may run twice for a moment: the journal lets only one of them go on.
                get_logger().warning("leases were not renewed", reason=type(error).__name__)
