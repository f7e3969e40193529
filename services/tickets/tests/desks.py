"""The ticket systems as the port's test-suite wants them."""

from dataclasses import dataclass
from typing import Any

from servicekit.db.pool import Database
from servicekit.sealing.subjects import SubjectKeys
from tickets.backends.port import Handoff, HandoffDraft, Ticket, TicketDraft
from tickets.backends.postgres import PostgresTickets
from tickets.backends.zendesk import ZendeskDesk, ZendeskTickets
from tickets.people import TICKETS

from .fake_zendesk import FakeZendesk


@dataclass
class PostgresDesk:
    """Our own tables."""

    db: Database
    keys: SubjectKeys

    async def open_ticket(self, draft: TicketDraft) -> Ticket:
        """See `Desk`."""
        async with self.db.transaction() as connection:
            return await PostgresTickets(connection, "HP-", self.keys).open_ticket(draft)

    async def hand_over(self, draft: HandoffDraft) -> Handoff:
        """See `Desk`."""
        async with self.db.transaction() as connection:
            return await PostgresTickets(connection, "HP-", self.keys).hand_over(draft)

    async def answered(self) -> None:
        """See `Desk`."""
        await answer_all(self.db)

    async def held(self) -> list[dict[str, Any]]:
        """See `Desk`."""
        async with self.db.primary() as connection:
            rows = await connection.fetch("SELECT * FROM tickets ORDER BY number")
            openers = await self.keys.openers(connection, (row["requester"] for row in rows))
        opened = [(row, TICKETS.opened(row, openers[row["requester"]])) for row in rows]
        return [{"subject": one["subject"], "text": one["body"], "priority": row["priority"]} for row, one in opened]


@dataclass
class RemoteZendesk:
    """Zendesk, with the steps that the router takes one after the other."""

    db: Database
    desk: ZendeskDesk
    fake: FakeZendesk
    keys: SubjectKeys

    async def open_ticket(self, draft: TicketDraft) -> Ticket:
        """See `Desk`."""
        async with self.db.transaction() as connection:
            await self.desk.begin_ticket(connection, draft)
        await self.desk.submit_ticket(self.db, draft)
        async with self.db.transaction() as connection:
            return await ZendeskTickets(connection, self.keys).open_ticket(draft)

    async def hand_over(self, draft: HandoffDraft) -> Handoff:
        """See `Desk`."""
        async with self.db.transaction() as connection:
            await self.desk.begin_handoff(connection, draft)
        await self.desk.submit_handoff(self.db, draft)
        async with self.db.transaction() as connection:
            return await ZendeskTickets(connection, self.keys).hand_over(draft)

    async def answered(self) -> None:
        """See `Desk`."""
        await answer_all(self.db)

    async def held(self) -> list[dict[str, Any]]:
        """See `Desk`."""
        return [
            {"subject": one["subject"], "text": one["comment"]["body"], "priority": one["priority"]}
            for one in self.fake.tickets
        ]


async def answer_all(db: Database) -> None:
    """Everybody who waited was answered."""
    async with db.primary() as connection:
        await connection.execute("UPDATE handoffs SET status = 'closed'")
