"""What a recorded turn knew when it began: its conversation, what tokens stand for, what was said before."""

from dataclasses import dataclass

from orchestrator.guard.vault import Held
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.vaulting import held_values
from orchestrator.journal.views import messages_before
from orchestrator.memory.short_term import MOST_READ, Remembered, of_thread
from servicekit.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Earlier:
    """All that a Brain is told which the turn's own journal does not have. Which calls earlier turns made is not in it:
    only Redis knew.
    """

    conversation: Conversation
    held: tuple[Held, ...]
    remembered: Remembered


async def earlier_of(db: Connection, conversations: Conversations, turn_id: str) -> Earlier | None:
    """As of this turn; None when it was erased. Raises SealError, KeyUnavailable, and what asyncpg does."""
    conversation = await conversations.by_turn(db, turn_id)
    if conversation is None:
        return None
    said = await messages_before(db, conversation, turn_id, MOST_READ)
    return Earlier(conversation, tuple(await held_values(db, conversation)), of_thread(said))
