"""Erasure at the other services: asked until each has done it, and once more when what was under way is over."""

from dataclasses import dataclass

from orchestrator.jobs.queue import JobQueue
from orchestrator.privacy.elsewhere import Elsewhere
from orchestrator.privacy.requests import Requests
from servicekit.db.pool import Database
from servicekit.logging import get_logger

#: Longer than any call can be under way.
_AGAIN_AFTER_S = 150.0


@dataclass(frozen=True, slots=True)
class ErasureJobs:
    """Keeps the promise of an erasure request."""

    database: Database
    requests: Requests
    elsewhere: Elsewhere
    queue: JobQueue
    again_after_s: float = _AGAIN_AFTER_S

    async def run(self, request_id: str) -> bool:
        """One round; False when a service could not be asked, and all have to be asked again."""
        async with self.database.primary() as db:
            due = await self.requests.next_round(db, request_id)
        if due is None:
            return True
        told = await self.elsewhere.erase(due.person)
        missing = sorted(name for name, erased in told.items() if erased is None)
        if missing:
            get_logger().warning("erasure_waits", request=request_id, services=missing)
            return False
        services = {name: erased.model_dump() for name, erased in told.items() if erased is not None}
        async with self.database.transaction() as db:
            if await self.requests.round_done(db, request_id, due, services) > 0:
                await self.queue.erase_elsewhere(db, request_id, self.again_after_s)
        return True
