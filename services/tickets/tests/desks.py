"""The ticket systems as the port's test-suite wants them."""

from dataclasses import dataclass
from typing import Any

from servicekit.db.pool import Database
from tickets.backends.port import Handoff, HandoffDraft, Ticket, TicketDraft
from tickets.backends.postgres import PostgresTickets
from tickets.backends.zendesk import ZendeskDesk, ZendeskTickets

from .fake_zendesk import FakeZendesk


@dataclass
class PostgresDesk:
    """Our own tables."""

    db: Database

    async def open_ticket(self, draft: TicketDraft) -> Ticket:
        """See `Desk`."""
        async with self.db.transaction() as connection:
            return await PostgresTickets(connection, "HP-").open_ticket(draft)

    async def hand_over(self, draft: HandoffDraft) -> Handoff:
        """See `Desk`."""
        async with self.db.transaction() as connection:
            return await PostgresTickets(connection, "HP-").hand_over(draft)

    async def answered(self) -> None:
        """See `Desk`."""
        await answer_all(self.db)

    async def held(self) -> list[dict[str, Any]]:
        """See `Desk`."""
        async with self.db.primary() as connection:
            rows = await connection.fetch("SELECT subject, body AS text, priority FROM tickets ORDER BY number")
        return [dict(row) for row in rows]


@dataclass
class RemoteZendesk:
    """Zendesk, with the steps that the router takes one after the other."""

    db: Database
    desk: ZendeskDesk
    fake: FakeZendesk

    async def open_ticket(self, draft: TicketDraft) -> Ticket:
        """See `Desk`."""
        async with self.db.transaction() as connection:
            await self.desk.begin_ticket(connection, draft)
        await self.desk.submit_ticket(self.db, draft)
        async with self.db.transaction() as connection:
            return await ZendeskTickets(connection).open_ticket(draft)

    async def hand_over(self, draft: HandoffDraft) -> Handoff:
        """See `Desk`."""
        async with self.db.transaction() as connection:
            await self.desk.begin_handoff(connection, draft)
        await self.desk.submit_handoff(self.db, draft)
        async with self.db.transaction() as connection:
            return await ZendeskTickets(connection).hand_over(draft)

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
