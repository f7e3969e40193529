"""The turns that wait for a worker: how many, how long they will, and which place a turn has among them.

All of it is one question to the database, asked when somebody wants to know and no more often than `fresh_s`; while one
looks, others go by what was seen last. Without the database nobody is turned away for a queue that nobody can see.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from asyncpg import Record

from orchestrator.jobs.queue import RUN_LATER, RUN_TURN
from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

#: Over which time the pace of the workers is measured, and how many waiting turns are told their place.
PACE_S = 5.0
_MOST = 5_000
_WAITING = (
    "SELECT array_agg(convert_from(payload, 'UTF8') ORDER BY priority DESC, id) AS turns,"
    " coalesce(extract(epoch FROM now() - min(created)), 0)::float8 AS oldest_s,"
    " (SELECT count(*) FROM pgqueuer WHERE entrypoint = $4 AND status = 'queued') AS later,"
    " (SELECT count(*) FROM pgqueuer_log WHERE created > now() - make_interval(secs => $2)"
    "  AND entrypoint = $1 AND status = 'successful') AS done"
    " FROM (SELECT * FROM pgqueuer WHERE entrypoint = $1 AND status = 'queued' AND execute_after <= now()"
    "  ORDER BY priority DESC, id LIMIT $3) AS queued"
)


@dataclass(frozen=True, slots=True)
class Place:
    """How many turns are before one, and about how many seconds they take; None while nothing is known of the pace."""

    before: int
    wait_s: float | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The queue when it was looked at: the place of each turn, how long the first has waited, turns that end in a
    second; and how many turns are promised by e-mail besides. That was `age_s` ago, and so many have `joined` since.
    """

    places: dict[str, int] = field(default_factory=dict)
    oldest_s: float = 0.0
    per_s: float = 0.0
    later: int = 0
    age_s: float = 0.0
    joined: int = 0

    def wait_s(self) -> float:
        """For how long a turn waits that comes now, in seconds: at least as long as the first one has by now."""
        before = max(0.0, len(self.places) + self.joined - self.per_s * self.age_s)
        return max(self.oldest_s, before / self.per_s if self.per_s else 0.0)

    def place(self, turn_id: str) -> Place | None:
        """The place of a turn; None when it does not wait."""
        before = self.places.get(turn_id)
        if before is None:
            return None
        return Place(before, (before + 1) / self.per_s if self.per_s else None)


class QueueWatch:
    """Looks at the queue for all who ask in this process. `pace`: how many turns end here in a second when there
    is no more room: that of the queue is not known when it begins to fill, and a whole crowd would be let in.
    """

    def __init__(
        self, database: Database, clock: Callable[[], float], *, fresh_s: float = 0.5, stale_s: float = 3.0,
        pace: Callable[[], float] = lambda: 0.0,
    ) -> None:  # fmt: skip
        self._database, self._clock, self._fresh_s, self._stale_s = database, clock, fresh_s, stale_s
        self._seen, self._at, self._pace = Waiting(), float("-inf"), pace
        self._joined = 0
        self._looking = asyncio.Lock()

    @property
    def crowded(self) -> bool:
        """Whether turns waited when somebody looked last; nobody looks while there is room for all."""
        return bool(self._seen.places)

    def join(self) -> None:
        """One more turn goes into the queue: who comes next waits for it as well, before anybody has looked again."""
        self._joined += 1

    async def now(self) -> Waiting:
        """The queue as it was at most `fresh_s` ago, or `stale_s` while somebody else looks; an empty one when the
        database cannot be asked.
        """
        if not (self._looking.locked() and self._clock() - self._at < self._stale_s):
            async with self._looking:
                if self._clock() - self._at >= self._fresh_s:
                    before = self._joined
                    self._seen, self._at = await self._look(), self._clock()
                    self._joined -= before
        return replace(self._seen, age_s=max(0.0, self._clock() - self._at), joined=self._joined)

    async def _look(self) -> Waiting:
        try:
            async with self._database.primary() as db:
                row = await db.fetchrow(_WAITING, RUN_TURN, PACE_S, _MOST, RUN_LATER)
        except (ProblemError, OSError, TimeoutError) as error:
            # Open on purpose: what follows asks the same database, and says so to the customer itself.
            get_logger().warning("the queue was not looked at", reason=type(error).__name__)
            return Waiting()
        return _seen(row, self._pace())


def _seen(row: Record | None, pace: float) -> Waiting:
    if row is None:
        return Waiting()
    places = {turn_id: place for place, turn_id in enumerate(row["turns"] or ())}
    return Waiting(places, row["oldest_s"], max(pace, row["done"] / PACE_S), row["later"])
