"""The runs of turns in this process. One whose turn was stopped, here or elsewhere, is broken off within about a
second: its journal takes nothing more from it, so all that it still does is to keep a model busy.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

_STOPPED = (
    "SELECT id, runs FROM turns t WHERE id = ANY ($1::text[])"
    " AND EXISTS (SELECT FROM journal j WHERE j.turn_id = t.id AND j.kind IN ('stop_asked', 'staff_took_over'))"
)


@dataclass(slots=True, eq=False)
class _Run:
    """The `number`th run of a turn, counted from 1, and the task that it is."""

    turn_id: str
    number: int
    task: asyncio.Task[None]
    given_up: bool = False


class RunningTurns:
    """`start` and `stop` belong to the lifespan; the journal is asked every `look_every_s` while something runs."""

    def __init__(self, database: Database, *, look_every_s: float = 1.0) -> None:
        self._database, self._look_every_s = database, look_every_s
        self._runs: set[_Run] = set()
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for turns that were stopped."""
        self._looking = asyncio.create_task(self._look(), name="stopped-turns")

    async def stop(self) -> None:
        """Look no more; what runs goes on."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    @contextmanager
    def until_stopped(self, turn_id: str, number: int) -> Iterator[None]:
        """What is inside is the turn's `number`th run: it is left early when the turn was stopped and runs again."""
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("a turn runs in a task")
        run = _Run(turn_id, number, task)
        self._runs.add(run)
        try:
            yield
        except asyncio.CancelledError:
            # Somebody else may have cancelled the task too: then it is cancelled.
            if not run.given_up or task.uncancel() > 0:
                raise
            get_logger().info("the turn was stopped", turn_id=turn_id)
        finally:
            self._runs.discard(run)

    def break_off(self, turn_id: str, before: int | None = None) -> None:
        """Leave the turn's runs in this process, all or those `before` a number."""
        for run in self._runs:
            if run.turn_id == turn_id and not run.given_up and (before is None or run.number < before):
                run.given_up = True
                run.task.cancel()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self._look_every_s)
            if not self._runs:
                continue
            try:
                async with self._database.primary() as db:
                    rows = await db.fetch(_STOPPED, list({run.turn_id for run in self._runs}))
            except (ProblemError, OSError, TimeoutError) as error:
                # What was stopped stays so: only its old run learns it later.
                get_logger().warning("stopped turns were not looked for", reason=type(error).__name__)
                continue
            for row in rows:
                # The run that tells the customer of the stop came after it.
                self.break_off(row["id"], before=row["runs"])
