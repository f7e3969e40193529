"""What the assistant drafted in shadow mode: it stands in the journal of its turn, sealed like everything there."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.errors import ProblemCode
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.entries import Codec, load_entries
from orchestrator.turn.inputs import Guarded, TurnStarted
from orchestrator.turn.journal import Recorded
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

_ID = "draft-"
_OF = "SELECT true FROM turns WHERE id = $1 AND conversation_id = $2"
_SENT = "SELECT client_message_id FROM staff_messages WHERE conversation_id = $1 AND starts_with(client_message_id, $2)"


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft of a turn, with tokens for personal data."""

    turn_id: str
    text: str


def drafts_in(turn_id: str, recorded: Sequence[Recorded]) -> Draft | None:
    """The draft of a turn in shadow mode, as its guards let it through; None when there is none."""
    first = recorded[0].turn_input if recorded else None
    if not isinstance(first, TurnStarted) or first.mode != "shadow":
        return None
    texts = [one.turn_input.text for one in recorded if isinstance(one.turn_input, Guarded) and one.turn_input.text]
    return Draft(turn_id, texts[-1]) if texts else None


async def draft_of(db: Connection, conversation: Conversation, turn_id: str, codec: Codec) -> Draft:
    """The draft of a turn of this conversation. Raises NOT_FOUND when there is none."""
    found = None
    if await db.fetchval(_OF, turn_id, conversation.id):
        found = drafts_in(turn_id, await load_entries(db, conversation.sealer, turn_id, codec))
    if found is None:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no draft in this turn.")
    return found


def draft_message_id(turn_id: str) -> str:
    """The id of the message that sends a draft: the same for everybody, so that it is sent once."""
    return f"{_ID}{turn_id}"


async def sent_drafts(db: Connection, conversation: Conversation) -> frozenset[str]:
    """The turns whose drafts staff have sent."""
    rows = await db.fetch(_SENT, conversation.id, _ID)
    return frozenset(row["client_message_id"].removeprefix(_ID) for row in rows)
