"""What belongs to the answers of a thread besides their text: how their turns ended, and what the customer thinks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from contracts.turn import EndEvent
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.views import opened_end
from servicekit.db.pool import Connection

Thumbs = Literal["up", "down"]
#: As the table of feedback has them.
THUMBS: dict[Thumbs, int] = {"up": 1, "down": -1}
_READ = (
    "SELECT t.id, t.final_event, f.thumbs, t.by_mail IN ('due', 'sent') AS mailed"
    " FROM turns t LEFT JOIN feedback f ON f.turn_id = t.id"
    " WHERE t.conversation_id = $1 AND t.id = ANY ($2::text[]) AND t.final_event IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of a turn as it is stored, with tokens; the customer's own thumbs; whether it goes out by e-mail too."""

    end: EndEvent
    thumbs: Thumbs | None
    mailed: bool = False


async def answers(db: Connection, conversation: Conversation, turn_ids: Iterable[str]) -> dict[str, Answer]:
    """The answers of these turns of the conversation, by turn; those that have not ended are left out."""
    names = {number: name for name, number in THUMBS.items()}
    return {
        row["id"]: Answer(
            opened_end(conversation, row["id"], row["final_event"]), names.get(row["thumbs"]), bool(row["mailed"])
        )
        for row in await db.fetch(_READ, conversation.id, list(turn_ids))
    }
