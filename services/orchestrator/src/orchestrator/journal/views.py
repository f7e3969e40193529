"""Reading a conversation for people: what was said, who answers, which cards are open, how turns ended."""

from dataclasses import dataclass
from datetime import datetime

from contracts.turn import EndEvent
from orchestrator.journal.conversations import Conversation
from servicekit.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the thread."""

    role: str
    text: str
    turn_id: str | None
    at: datetime


async def last_messages(db: Connection, conversation: Conversation, limit: int) -> list[Said]:
    """The last `limit` messages, oldest first."""
    rows = await db.fetch(
        "SELECT role, content, turn_id, created_at FROM thread WHERE conversation_id = $1 ORDER BY id DESC LIMIT $2",
        conversation.id, limit,
    )  # fmt: skip
    return [
        Said(
            row["role"], conversation.sealer.open("thread", row["content"]).decode(), row["turn_id"], row["created_at"]
        )
        for row in reversed(rows)
    ]


@dataclass(frozen=True, slots=True)
class TurnView:
    """Where a turn stands; `end` is there once it has ended."""

    status: str
    end: EndEvent | None


async def turn_view(db: Connection, conversation: Conversation, turn_id: str) -> TurnView | None:
    """The turn, or None when the conversation has no such turn."""
    row = await db.fetchrow(
        "SELECT status, final_event FROM turns WHERE id = $1 AND conversation_id = $2", turn_id, conversation.id
    )
    if row is None:
        return None
    if row["final_event"] is None:
        return TurnView(row["status"], None)
    return TurnView(
        row["status"], EndEvent.model_validate_json(conversation.sealer.open(f"end|{turn_id}", row["final_event"]))
    )


async def open_turn(db: Connection, conversation: Conversation) -> str | None:
    """The turn that is being worked on or waits to be, the oldest first."""
    value = await db.fetchval(
        "SELECT id FROM turns WHERE conversation_id = $1 AND status IN ('running', 'queued') ORDER BY ordinal LIMIT 1",
        conversation.id,
    )
    return None if value is None else str(value)
