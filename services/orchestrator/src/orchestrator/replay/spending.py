"""What had been spent when a turn began, as the caps of `limits/` count it, from the rows that are there now."""

from datetime import UTC, date, datetime, time

from orchestrator.limits.policy import CapName
from orchestrator.limits.usage import Spent, spent_by_shop
from orchestrator.replay.recording import Recording
from servicekit.db.pool import Connection

_SUM = "coalesce(sum(t.tokens_in + t.tokens_out), 0)::bigint AS tokens, coalesce(sum(t.cost_micros), 0)::bigint AS cost"
_SESSION = f"SELECT {_SUM} FROM turns t WHERE t.conversation_id = $1 AND t.ended_at <= $2"  # noqa: S608 - constants
#: A turn counts on the day on which it ended; so far back are those that waited for staff.
_DAY = (
    f"SELECT {_SUM} FROM turns t JOIN conversations c ON c.id = t.conversation_id"  # noqa: S608 - constants
    " WHERE t.created_at >= $1::timestamptz - interval '8 days' AND t.created_at <= $2"
    " AND t.ended_at >= $1 AND t.ended_at <= $2"
)
_OF_CUSTOMER = f"{_DAY} AND c.subject_hash = (SELECT subject_hash FROM conversations WHERE id = $3)"  # noqa: S608


class Spending:
    """Reads sums; those of earlier days of a month once for each day."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._before: tuple[date, Spent] | None = None

    async def at(self, recording: Recording) -> dict[CapName, Spent]:
        """By cap, when this turn began. Raises what asyncpg raises."""
        began = recording.began.astimezone(UTC)
        day = datetime.combine(began.date(), time(), UTC)
        on_day = await self._sum(_DAY, day, began)
        return {
            "session": await self._sum(_SESSION, recording.conversation_id, began),
            "customer_day": await self._sum(_OF_CUSTOMER, day, began, recording.conversation_id),
            "shop_day": on_day,
            "shop_month": on_day + await self._earlier(began.date()),
        }

    async def _earlier(self, day: date) -> Spent:
        if self._before is None or self._before[0] != day:
            self._before = day, await spent_by_shop(self._db, day.replace(day=1), day)
        return self._before[1]

    async def _sum(self, statement: str, *arguments: object) -> Spent:
        (row,) = await self._db.fetch(statement, *arguments)
        return Spent(row["tokens"], row["cost"])
