"""What tickets keeps of people in their own words, and what stays of them."""

from collections.abc import Mapping

from servicekit.db.pool import Connection
from servicekit.sealing.people import People
from servicekit.sealing.subjects import SubjectKeys
from servicekit.sealing.tables import PersonalTable

TICKETS = PersonalTable(
    kind="ticket", table="tickets", sealed=("subject", "body", "resolution"), subject="requester", hashed=True,
    told=("number", "category", "priority", "status", "order_id"),
    blanked="order_id = NULL, masked_subject = '', masked_resolution = '', resolved_words = NULL",
)  # fmt: skip
HANDOFFS = PersonalTable(
    kind="handoff", table="handoffs", sealed=("summary", "transcript"), subject="requester", hashed=True,
    told=("reason", "queue", "status"),
)  # fmt: skip
#: Their own e-mails, and the notices to staff about their tickets. What waits for its delivery is not sent any more.
OUTBOX = PersonalTable(
    kind="message", table="outbox", sealed=("recipient", "subject", "body"), subject="requester", hashed=True,
    told=("state",), blanked="state = 'failed', reason = 'erased', ended_at = coalesce(ended_at, now())",
)  # fmt: skip
TABLES = (TICKETS, HANDOFFS, OUTBOX)
_COUNT = "SELECT count(*) FROM tickets WHERE requester = $1 AND number NOT LIKE '#%'"
_REMOTE = "SELECT number FROM tickets WHERE requester = $1 AND number LIKE '#%' ORDER BY created_at"


def people_of(keys: SubjectKeys) -> People:
    """The people of tickets."""

    async def kept(db: Connection, subject: str) -> Mapping[str, str]:
        name, found = keys.name(subject), {}
        if count := await db.fetchval(_COUNT, name):
            found["ticket"] = f"of {count} tickets number, category, times and state stay, without anybody's words"
        if remote := [row["number"] for row in await db.fetch(_REMOTE, name)]:
            found["zendesk"] = f"left at Zendesk, to be deleted there: {', '.join(remote)}"
        return found

    return People(keys, TABLES, kept)
