"""Looks after customers to whom no person has spoken: they are told, and staff reminded. A sweep beside the worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import Counter

from orchestrator.handover.policy import HoursPolicy, Moment, Step
from orchestrator.handover.store import HandOver, due_hand_overs, note
from orchestrator.jobs.queue import JobQueue
from servicekit.background import sweeping
from servicekit.clock import Clock
from servicekit.db.pool import Connection, Database

_BATCH = 50


@dataclass(frozen=True, slots=True)
class HandOverKeeper:
    """Several may run at once, one per worker. `told` counts what was said, by moment."""

    database: Database
    clock: Clock
    hours: HoursPolicy
    queue: JobQueue
    told: Counter

    @asynccontextmanager
    async def running(self, every_s: float) -> AsyncIterator[None]:
        """Sweeps about every `every_s` seconds; never when that is 0."""
        async with sweeping("hand-overs", every_s, _BATCH, self.sweep):
            yield

    async def sweep(self) -> int:
        """One pass; at how many hand-overs it has looked. What is noted and the jobs that follow from it are one
        transaction. Raises ProblemError when the database is down.
        """
        now = self.clock.now()
        said: list[Moment] = []
        async with self.database.transaction() as db:
            found = await due_hand_overs(db, now, _BATCH)
            for one in found:
                said += await self._look(db, one, now)
        for moment in said:
            self.told.labels(moment.value).inc()
        return len(found)

    async def _look(self, db: Connection, hand_over: HandOver, now: datetime) -> list[Moment]:
        told_at, late_at, said = hand_over.told_at, hand_over.late_at, list[Moment]()
        step = self._next(hand_over, told_at, late_at)
        while step is not None and step.at <= now:
            if step.moment is Moment.TOLD:
                told_at = now
            else:
                late_at = now
                await self.queue.remind_staff(db, hand_over.id)
            # At night their answer has said it: who asked by mail has it in their mail.
            if step.moment is Moment.LATE or self.hours.is_open(hand_over.asked_at):
                await self.queue.mail_waiting(db, hand_over.id, step.moment)
            said.append(step.moment)
            step = self._next(hand_over, told_at, late_at)
        await note(db, hand_over, told_at, late_at, None if step is None else step.at)
        return said

    def _next(self, hand_over: HandOver, told_at: datetime | None, late_at: datetime | None) -> Step | None:
        return self.hours.next_step(hand_over.asked_at, told_at, late_at)
