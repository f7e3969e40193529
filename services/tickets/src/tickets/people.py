"""What tickets keeps of people in their own words, and what stays of them."""

from collections.abc import Mapping

from servicekit.db.pool import Connection, Database
from servicekit.sealing.people import Erasure, People
from servicekit.sealing.subjects import SubjectKeys
from servicekit.sealing.tables import PersonalTable
from tickets.backends.zendesk_erasing import ZendeskErasing, left_there, numbers_of

TICKETS = PersonalTable(
    kind="ticket", table="tickets", sealed=("subject", "body", "resolution"), subject="requester", hashed=True,
    told=("number", "category", "priority", "status", "order_id"),
    blanked="order_id = NULL, masked_subject = '', masked_resolution = '', resolved_words = NULL",
    further="order_id IS NOT NULL",
)  # fmt: skip
HANDOFFS = PersonalTable(
    kind="handoff", table="handoffs", sealed=("summary", "transcript"), subject="requester", hashed=True,
    told=("reason", "queue", "status"),
)  # fmt: skip
#: Their own e-mails, and the notices to staff about their tickets. What waits for its delivery is not sent any more.
OUTBOX = PersonalTable(
    kind="message", table="outbox", sealed=("recipient", "subject", "body", "headers"), subject="requester",
    hashed=True, told=("state",), blanked="state = 'failed', reason = 'erased', ended_at = coalesce(ended_at, now())",
)  # fmt: skip
TABLES = (TICKETS, HANDOFFS, OUTBOX)
_COUNT = "SELECT count(*) FROM tickets WHERE requester = $1 AND number NOT LIKE '#%'"


def people_of(keys: SubjectKeys, zendesk: ZendeskErasing | None = None) -> People:
    """The people of tickets. Without `zendesk` nothing is deleted there, and what was is told as left."""

    async def kept(db: Connection, subject: str) -> Mapping[str, str]:
        name, found = keys.name(subject), {}
        if count := await db.fetchval(_COUNT, name):
            found["ticket"] = f"of {count} tickets number, category, times and state stay, without anybody's words"
        if zendesk is None:
            found |= left_there(await numbers_of(db, name))
        return found

    async def elsewhere(db: Database, subject: str) -> Erasure:
        if zendesk is None:
            return Erasure({}, {})
        async with db.primary() as connection:
            numbers = await numbers_of(connection, keys.name(subject))
        deleted, left = await zendesk.erase(numbers)
        return Erasure({"zendesk_ticket": deleted}, left_there(left))

    return People(keys, TABLES, kept, elsewhere)
