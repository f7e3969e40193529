"""All that has to be known before a message is taken in, in one round trip: the sender's own conversation, what its
tokens stand for, and what the customer has used on the day.
"""

from dataclasses import dataclass
from datetime import date

from orchestrator.guard.vault import Vault
from orchestrator.journal.conversations import COLUMNS, Conversation, Conversations, found
from orchestrator.journal.vaulting import Vaults, opened_values
from orchestrator.limits.usage import SUM, Spent
from servicekit.auth.claims import Caller
from servicekit.db.arrays import texts_bytes
from servicekit.db.pool import Connection

_ARRIVING = (
    f"SELECT {COLUMNS}, v.held, v.sealed, u.tokens AS day_tokens, u.cost AS day_cost FROM conversations c"  # noqa: S608 - constants
    " CROSS JOIN LATERAL (SELECT coalesce(array_agg(token), '{}') AS held,"
    "  coalesce(array_agg(encode(sealed, 'hex')), '{}') AS sealed FROM vault WHERE conversation_id = c.id) v"
    f" CROSS JOIN LATERAL (SELECT {SUM} FROM usage_days WHERE day = $3 AND subject_hash = c.subject_hash) u"
    " WHERE c.id = $1 AND c.subject_hash = $2"
)


@dataclass(frozen=True, slots=True)
class Arriving:
    """A conversation that a message comes into on `day` (UTC); `spent` is what its customer has used on it."""

    conversation: Conversation
    vault: Vault
    day: date
    spent: Spent


async def arriving(
    db: Connection, conversations: Conversations, vaults: Vaults, conversation_id: str, caller: Caller, day: date
) -> Arriving:
    """Raises NOT_FOUND for a conversation that is not the caller's, exactly like one that does not exist."""
    subject_hash = conversations.subject_hash(caller.issuer, caller.subject)
    row = found(await db.fetchrow(_ARRIVING, conversation_id, subject_hash, day))
    conversation = conversations.opened(row)
    held = opened_values(conversation.sealer, zip(row["held"], texts_bytes(row["sealed"]), strict=True))
    return Arriving(conversation, vaults.of(conversation, held), day, Spent(row["day_tokens"], row["day_cost"]))
