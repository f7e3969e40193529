"""Turns that run in the process that accepted a message or a decision: no queue stands before their next step.

A lease in the turn's row keeps others away. A process that dies stops renewing it; the sweep of any worker then
enqueues the turn as a job, and its journal is folded there (`jobs/worker.py`).
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from typing import Any, Protocol

from orchestrator.jobs.failing import log_failed
from orchestrator.jobs.room import Room, Taken
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

    async def run_begun(self, begun: Begun) -> float | None:
        """Run a turn that this process has just accepted and leased; the seconds of it that others took."""
        ...

    async def run(self, turn_id: str) -> float | None:
        """Go on with a turn from its journal; the seconds of it that others took, None for a part of a turn."""
        ...

    def break_off(self, turn_id: str) -> None:
        """Leave the run of a turn that was stopped."""
        ...


class TurnsHere:
    """No more turns begin here than there is `room`; `start` and `stop` belong to the lifespan."""

    def __init__(self, database: Database, turns: Turns, room: Room, *, renew_every_s: float = LEASE_S / 3) -> None:
        self._database, self._turns, self._room, self._renew_every_s = database, turns, room, renew_every_s
        self._running: set[asyncio.Task[None]] = set()
        self._turns_now: dict[str, tuple[asyncio.Task[None], Conversation]] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Begin to take turns."""
        self._renewing = asyncio.create_task(self._renew(), name="lease-renewal")

    def lease_s(self) -> float | None:
        """For how long a turn may be leased that is to begin here; None when it has to go through the queue."""
        return None if self._stopping or self._room.left() == 0 else LEASE_S

    @contextmanager
    def place(self) -> Iterator[float | None]:
        """A place that is kept for a turn, and for how long the turn may be leased; None: it goes through the queue."""
        lease_s = self.lease_s()
        with self._room.kept() if lease_s is not None else nullcontext():
            yield lease_s

    def pace(self) -> float:
        """How many whole turns end in this process in a second when it is full."""
        return self._room.pace()

    def promise(self) -> bool:
        """Whether an answer may be promised for later; counts it as promised."""
        return self._room.promise()

    def begin(self, begun: Begun) -> None:
        """Run a turn whose lease this process holds."""
        self._run(begun.turn_id, begun.conversation, self._turns.run_begun(begun))

    def go_on(self, turn_id: str, conversation: Conversation) -> None:
        """Go on with a turn that waited, and whose lease this process holds now."""
        self._run(turn_id, conversation, self._turns.run(turn_id))

    def end_stopped(self, turn_id: str, conversation: Conversation) -> None:
        """Run a turn that was stopped to its end, in place of the run that may be under way here."""
        self._turns.break_off(turn_id)
        self.go_on(turn_id, conversation)

    def conversation_of(self, turn_id: str) -> Conversation | None:
        """The conversation of a turn that began here and runs; whose it is, is for the caller to check."""
        found = self._turns_now.get(turn_id)
        return None if found is None else found[1]

    async def stop(self) -> None:
        """Take no further turn and wait for those that run; what is cut off anyway is taken over by another worker."""
        self._stopping = True
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._renewing is not None:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing

    def _run(self, turn_id: str, conversation: Conversation, work: Coroutine[Any, Any, float | None]) -> None:
        room = ExitStack()
        # From now on, not from when the task gets to it: many messages may come at one moment.
        place = room.enter_context(self._room.taken())
        task = asyncio.create_task(_in_place(work, place), name=turn_id)
        task.add_done_callback(lambda _: room.close())
        self._running.add(task)
        self._turns_now[turn_id] = task, conversation
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        # A turn may go on before the task that began to wait has quite ended.
        if (now := self._turns_now.get(task.get_name())) is not None and now[0] is task:
            del self._turns_now[task.get_name()]
        if not task.cancelled() and (error := task.exception()) is not None:
            # Whatever it was: the lease runs out, and the turn is taken up again from its journal.
            log_failed("a turn failed and will be taken over", error, turn_id=task.get_name())

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._renew_every_s)
            if not self._running:
                continue
            try:
                async with self._database.primary() as db:
                    await db.execute(_RENEW, list(self._turns_now), LEASE_S)
            except (ProblemError, OSError, TimeoutError) as error:
                # A turn whose lease runs out may run twice for a moment: the journal lets only one of them go on.
                get_logger().warning("leases were not renewed", reason=type(error).__name__)


async def _in_place(work: Coroutine[Any, Any, float | None], place: Taken) -> None:
    place.asked_s = await work
