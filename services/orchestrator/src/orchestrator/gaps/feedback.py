"""A thumbs-down on an answer from the knowledge base makes its question a gap; taking it back takes that back."""

from orchestrator.gaps.noticing import disliked
from orchestrator.gaps.store import keep, take_back
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.entries import Codec, load_entries
from orchestrator.turn.machine import fold
from servicekit.db.pool import Connection


async def note_thumbs(db: Connection, conversation: Conversation, turn_id: str, codec: Codec, *, down: bool) -> None:
    """Keep or take back the gap, in the transaction that stores the feedback."""
    if not down:
        return await take_back(db, turn_id)
    recorded = await load_entries(db, conversation.sealer, turn_id, codec)
    gap = disliked(fold((one.turn_input, one.at_ms) for one in recorded).state)
    if gap is not None:
        await keep(db, conversation, turn_id, gap)
    return None
