"""All that a person has said here and was told, with the values in the place of tokens: it is their own view."""

from dataclasses import dataclass
from datetime import datetime

from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.showing import shown_message
from orchestrator.journal.vaulting import Vaults
from orchestrator.journal.views import Said, last_messages
from servicekit.db.pool import Connection

MOST_CONVERSATIONS = 1_000
MOST_MESSAGES = 10_000
_OF_PERSON = (
    "SELECT * FROM conversations WHERE issuer = $1 AND subject_hash = $2 AND erased_at IS NULL"
    " ORDER BY created_at LIMIT $3"
)
_FEEDBACK = "SELECT turn_id, thumbs, csat, tags, comment FROM feedback WHERE conversation_id = $1 ORDER BY id"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the customer thought of an answer."""

    turn_id: str
    thumbs: int | None
    csat: int | None
    tags: tuple[str, ...]
    comment: str


@dataclass(frozen=True, slots=True)
class Exported:
    """One conversation with everything that belongs to its person."""

    conversation: Conversation
    begun_at: datetime
    messages: tuple[Said, ...]
    opinions: tuple[Opinion, ...]


async def export_person(
    db: Connection, conversations: Conversations, vaults: Vaults, issuer: str, subject: str
) -> list[Exported]:
    """The person's conversations, the oldest first. Raises SealError when a key is not there: nothing half-opened."""
    rows = await db.fetch(_OF_PERSON, issuer, conversations.subject_hash(issuer, subject), MOST_CONVERSATIONS)
    found = []
    for row in rows:
        conversation = conversations.opened(row)
        vault = await vaults.opened(db, conversation)
        said = tuple(shown_message(one, vault) for one in await last_messages(db, conversation, MOST_MESSAGES))
        found.append(Exported(conversation, row["created_at"], said, await _opinions(db, conversation)))
    return found


async def _opinions(db: Connection, conversation: Conversation) -> tuple[Opinion, ...]:
    return tuple(
        Opinion(
            row["turn_id"], row["thumbs"], row["csat"], tuple(row["tags"]),
            conversation.sealer.open("feedback", row["comment"]).decode() if row["comment"] else "",
        )
        for row in await db.fetch(_FEEDBACK, conversation.id)
    )  # fmt: skip
