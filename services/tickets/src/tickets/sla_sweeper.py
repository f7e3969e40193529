"""Watches the first replies of our own tickets: staff hear once when one is due soon, and once when it is overdue.

A ticket waits for its reply while its status is `open` and, when it is a hand-over's, while nobody took the hand-over.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from servicekit.background import sweeping
from servicekit.context import Kit
from servicekit.sealing.subjects import SubjectKeys, SubjectSealer
from tickets.people import TICKETS
from tickets.staff_notices import StaffNotices
from tickets.ticket_facts import Moment, TicketFacts

_BATCH = 50
_WAITING = """
FROM tickets t LEFT JOIN handoffs h ON h.ticket_id = t.id
WHERE t.status = 'open' AND t.number NOT LIKE '#%' AND coalesce(h.status, 'open') = 'open'
"""
# Taken by writing down of what staff are told: another replica takes other tickets, and these never again.
_TAKE = f"""
WITH due AS (
    SELECT t.id, coalesce(h.reason, t.category) AS topic,
           CASE WHEN t.first_reply_due <= $1 THEN 'missed' ELSE 'soon' END AS moment {_WAITING}
    AND (t.sla_told <> 'missed' AND t.first_reply_due <= $1 OR t.sla_told = '' AND t.reply_soon_at <= $1)
    ORDER BY t.first_reply_due LIMIT $2 FOR UPDATE OF t SKIP LOCKED
)
UPDATE tickets t SET sla_told = due.moment FROM due WHERE t.id = due.id
RETURNING t.id, t.number, t.priority, t.queue, t.subject, t.requester, t.sealed, t.first_reply_due,
          due.topic, due.moment
"""  # noqa: S608 - constants only
_OVERDUE = f"SELECT count(*) {_WAITING} AND t.first_reply_due <= $1"


class SlaSweeper:
    """Several may run at once, one per replica."""

    def __init__(self, kit: Kit, notices: StaffNotices, keys: SubjectKeys) -> None:
        self._kit, self._notices, self._keys = kit, notices, keys
        told = kit.metrics.counter(
            "aiguy_ticket_sla_total", "Tickets whose first reply was due soon, or is overdue.", ("event",)
        )
        self._told = {moment: told.labels(moment.value) for moment in (Moment.SOON, Moment.MISSED)}
        self._overdue = kit.metrics.gauge("aiguy_tickets_overdue", "Tickets that wait for a first reply for too long.")

    @asynccontextmanager
    async def running(self, every_s: float) -> AsyncIterator[None]:
        """Sweeps about every `every_s` seconds around the app's life; not at all when that is 0."""
        async with sweeping("sla", every_s, _BATCH, self.sweep):
            yield

    async def sweep(self) -> int:
        """One pass; of how many tickets staff were told. Raises ProblemError when the database is down."""
        now = self._kit.clock.now()
        async with self._kit.db.transaction() as connection:
            taken = await connection.fetch(_TAKE, now, _BATCH)
            openers = await self._keys.openers(connection, (row["requester"] for row in taken))
            for row in taken:
                facts = self._facts(row, openers.get(row["requester"]))
                await self._notices.tell(connection, Moment(row["moment"]), facts, now)
        for row in taken:
            self._told[Moment(row["moment"])].inc()
        async with self._kit.db.primary() as connection:
            self._overdue.set(await connection.fetchval(_OVERDUE, now))
        return len(taken)

    def _facts(self, row: asyncpg.Record, opener: SubjectSealer | None) -> TicketFacts:
        return TicketFacts(
            ticket_id=row["id"], owner=row["requester"] if row["sealed"] else self._keys.name(row["requester"]),
            number=row["number"], topic=row["topic"], priority=row["priority"], queue=row["queue"],
            subject=TICKETS.text(row, "subject", opener), first_reply_due=row["first_reply_due"],
        )  # fmt: skip
