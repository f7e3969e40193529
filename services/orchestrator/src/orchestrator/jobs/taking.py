"""Taking jobs from the queue: of turns no more than this process has room for; what is left is seen to wait."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

from pgqueuer.core.applications import PgQueuer
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.models import Job
from pgqueuer.domain.types import QueueEntrypoint
from pgqueuer.ports.repository import EntrypointExecutionParameter

from orchestrator.jobs.queue import RUN_LATER, RUN_TURN
from orchestrator.jobs.room import Room

#: A turn is a conversation with a model; every other job is a few round trips.
_TURN, _LATER = QueueEntrypoint(RUN_TURN), QueueEntrypoint(RUN_LATER)


class RoomyQueueManager(QueueManager):
    """pgqueuer's, asked for as many jobs as there is room for: one that was taken is kept from all other workers."""

    room: Room

    def entrypoints_below_capacity_limits(self) -> set[QueueEntrypoint]:
        """All, or all but the turns that there is no room for."""
        registered = super().entrypoints_below_capacity_limits()
        if self.room.left() == 0:
            return registered - {_TURN, _LATER}
        return registered if self.room.spare() > 0 else registered - {_LATER}

    async def _effective_dequeue_timeout(self, dequeue_timeout: timedelta) -> timedelta:
        """While jobs wait that there was no room for, the next look is when a turn has ended, and not a time later."""
        wait = await super()._effective_dequeue_timeout(dequeue_timeout)
        if wait > self.min_dequeue_poll_interval:
            return wait
        await self.room.freed(wait.total_seconds())
        return timedelta(0)

    async def fetch_jobs(
        self, batch_size: int, global_concurrency_limit: int | None, heartbeat_timeout: timedelta
    ) -> AsyncGenerator[Job, None]:
        """Batch by batch, as pgqueuer's own, each of the size that is left."""
        while not self.shutdown.is_set():
            await asyncio.sleep(0)  # the turns of the last batch begin, and count
            left = self.room.spare() or self.room.left()
            jobs = await self.queries.dequeue(
                batch_size=min(batch_size, left) if left > 0 else batch_size,
                entrypoints={
                    name: EntrypointExecutionParameter(self.entrypoint_registry[name].parameters.concurrency_limit)
                    for name in self.entrypoints_below_capacity_limits()
                },
                queue_manager_id=self.queue_manager_id,
                global_concurrency_limit=global_concurrency_limit,
                heartbeat_timeout=heartbeat_timeout,
            )
            if not jobs:
                return
            for job in jobs:
                yield job


def roomy(application: PgQueuer, room: Room) -> PgQueuer:
    """The application with a queue manager that looks at the room."""
    manager = RoomyQueueManager(application.qm.queries, application.channel, resources=application.resources)
    manager.room, manager.shutdown = room, application.shutdown
    application.qm = manager
    return application
