"""One run: it holds the lock of its source, and the database says how far it is and how it ended."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from contracts.errors import ProblemCode
from contracts.knowledge import Action, Outcome
from retrieval.runs import repository
from retrieval.runs.repository import RunState
from retrieval.sources.port import Kind, SourceFailed
from servicekit.clock import Clock
from servicekit.db.pool import Connection, Database
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

#: How many documents, at most, the record is behind.
_STEP = 20
_LONGEST_ERROR = 500


@dataclass(slots=True)
class Run:
    """A run under way. `cursor`: where the next one shall go on."""

    db: Database
    number: int
    cursor: str = ""
    error: str = ""
    counts: Counter[Action] = field(default_factory=Counter)
    _uncounted: int = 0

    def add(self, outcome: Outcome) -> None:
        """Takes note of a document's outcome."""
        self.counts[outcome.action] += 1
        self._uncounted += 1
        if outcome.action is Action.FAILED:
            self.error = f"{outcome.url}: {outcome.detail}"[:_LONGEST_ERROR]

    async def count(self, *, now: bool = False) -> None:
        """Writes the counts down, every 20 documents or `now`."""
        if now or self._uncounted >= _STEP:
            self._uncounted = 0
            async with self.db.primary() as connection:
                await repository.count(connection, self.number, self.counts, self.error)


@asynccontextmanager
async def recorded(db: Database, clock: Clock, source: str, kind: Kind) -> AsyncIterator[Run]:
    """A run of `source`, recorded whatever happens in the block. Uses one connection for as long as it lasts.

    Raises ProblemError(CONFLICT) when the source is being ingested already, DEPENDENCY_DOWN without a database.
    """
    async with db.primary() as holder:
        if not await repository.take_lock(holder, source):
            raise ProblemError(
                ProblemCode.CONFLICT, f"{source} is being ingested right now. Try again when that has ended."
            )
        try:
            run = Run(db, await repository.start(holder, source, kind, clock.now()))
            state = RunState.INTERRUPTED
            try:
                yield run
                state = RunState.DONE
            except SourceFailed as error:
                state, run.error = RunState.FAILED, str(error)[:_LONGEST_ERROR]
                raise
            except ProblemError as error:
                state, run.error = RunState.FAILED, error.problem.title
                raise
            except Exception:
                state, run.error = RunState.FAILED, "An error that nobody foresaw; the log has it."
                raise
            finally:
                # A cancelled run is recorded too, before the lock goes.
                await asyncio.shield(_close(run, state, clock))
        finally:
            await asyncio.shield(_unlock(holder, source))


async def _close(run: Run, state: RunState, clock: Clock) -> None:
    try:
        await run.count(now=True)
        async with run.db.transaction() as connection:
            await repository.end(
                connection, run.number, state, run.cursor if state is RunState.DONE else "", clock.now()
            )
    except ProblemError as error:  # its row says "running" without a lock, which is shown as interrupted
        get_logger().warning("run_not_recorded", code=error.code.value)


async def _unlock(holder: Connection, source: str) -> None:
    try:
        await repository.give_lock(holder, source)
    except Exception:  # noqa: BLE001 - the connection is broken, and the lock went with it
        holder.terminate()
