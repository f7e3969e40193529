"""Reading a conversation for people: what was said, who answers, which cards are open, how turns ended."""

from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from contracts.turn import EndEvent
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.mailing import left_address
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection

_LATER = "t.by_mail IS NOT DISTINCT FROM 'promised' AND t.runs = 0 AND t.status <> 'ended' AS later, t.mail_to"


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the thread."""

    role: str
    text: str
    turn_id: str | None
    at: datetime

    @property
    def is_answer(self) -> bool:
        """What the assistant said at the end of a turn."""
        return self.role == "assistant" and self.turn_id is not None

    @property
    def is_disclosure(self) -> bool:
        """What begins the thread: that an assistant answers. Nobody has said it in a turn."""
        return self.role == "assistant" and self.turn_id is None


async def last_messages(db: Connection, conversation: Conversation, limit: int) -> list[Said]:
    """The last `limit` messages, oldest first."""
    rows = await db.fetch(
        "SELECT role, content, turn_id, created_at FROM thread WHERE conversation_id = $1 ORDER BY id DESC LIMIT $2",
        conversation.id, limit,
    )  # fmt: skip
    return [_said(conversation, row) for row in reversed(rows)]


async def messages_before(db: Connection, conversation: Conversation, turn_id: str, limit: int) -> list[Said]:
    """The last `limit` messages before the first one of a turn, oldest first."""
    rows = await db.fetch(
        "SELECT role, content, turn_id, created_at FROM thread WHERE conversation_id = $1 AND id < coalesce("
        " (SELECT min(id) FROM thread WHERE conversation_id = $1 AND turn_id = $2), 9223372036854775807)"
        " ORDER BY id DESC LIMIT $3",
        conversation.id, turn_id, limit,
    )  # fmt: skip
    return [_said(conversation, row) for row in reversed(rows)]


def _said(conversation: Conversation, row: Record) -> Said:
    text = conversation.sealer.open("thread", row["content"]).decode()
    return Said(row["role"], text, row["turn_id"], row["created_at"])


async def disclosed(db: Connection, conversation: Conversation) -> str:
    """Who answers, as the thread begins with it; "" when it begins otherwise."""
    row = await db.fetchrow(
        "SELECT role, content, turn_id, created_at FROM thread WHERE conversation_id = $1 ORDER BY id LIMIT 1",
        conversation.id,
    )
    said = None if row is None else _said(conversation, row)
    return said.text if said is not None and said.is_disclosure else ""


@dataclass(frozen=True, slots=True)
class TurnView:
    """Where a turn stands, after how many inputs; `end` is there once it has ended. `later`: its answer was promised by
    e-mail, to the address `mail_to` when a guest left one, and nobody works at it yet.
    """

    status: str
    inputs: int
    end: EndEvent | None
    later: bool = False
    mail_to: str | None = None


async def turn_view(db: Connection, conversation: Conversation, turn_id: str) -> TurnView | None:
    """The turn, or None when the conversation has no such turn."""
    row = await db.fetchrow(
        f"SELECT status, inputs, final_event, {_LATER} FROM turns t WHERE id = $1 AND conversation_id = $2",  # noqa: S608
        turn_id, conversation.id,
    )  # fmt: skip
    if row is None:
        return None
    return _turn_view(conversation, turn_id, row)


def _turn_view(conversation: Conversation, turn_id: str, row: Record) -> TurnView:
    final = row["final_event"]
    end = None if final is None else opened_end(conversation, turn_id, final)
    left = left_address(conversation, turn_id, row["mail_to"]) if row["later"] else None
    return TurnView(row["status"], row["inputs"], end, row["later"], left)


def opened_end(conversation: Conversation, turn_id: str, final: bytes) -> EndEvent:
    """The end of a turn, from its sealed bytes."""
    return EndEvent.model_validate_json(conversation.sealer.open(f"end|{turn_id}", final))


async def owned_turn(
    db: Connection, conversations: Conversations, conversation_id: str, turn_id: str, caller: Caller
) -> tuple[Conversation, TurnView] | None:
    """A turn of one of the caller's own conversations with that conversation, in one round trip; None for any other."""
    row = await db.fetchrow(
        f"SELECT c.*, t.status, t.inputs, t.final_event, {_LATER} FROM conversations c"  # noqa: S608 - a constant
        " JOIN turns t ON t.conversation_id = c.id AND t.id = $2 WHERE c.id = $1 AND c.subject_hash = $3",
        conversation_id, turn_id, conversations.subject_hash(caller.issuer, caller.subject),
    )  # fmt: skip
    if row is None:
        return None
    conversation = conversations.opened(row)
    return conversation, _turn_view(conversation, turn_id, row)


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """A turn that goes on without its customer; `waits` while a tool or a doubtful write has to answer first. `later`
    and `mail_to` as of a `TurnView`.
    """

    id: str
    waits: bool
    later: bool = False
    mail_to: str | None = None


async def open_turn(db: Connection, conversation: Conversation) -> OpenTurn | None:
    """The turn to follow: the oldest that is worked on or queued, else one that waits for no card."""
    row = await db.fetchrow(
        f"SELECT id, status = 'waiting' AS waits, {_LATER} FROM turns t WHERE conversation_id = $1 AND (status IN"  # noqa: S608
        " ('running', 'queued') OR status = 'waiting' AND NOT EXISTS"
        " (SELECT FROM cards k WHERE k.turn_id = t.id AND k.state = 'open')) ORDER BY waits, ordinal LIMIT 1",
        conversation.id,
    )  # fmt: skip
    if row is None:
        return None
    left = left_address(conversation, row["id"], row["mail_to"]) if row["later"] else None
    return OpenTurn(row["id"], row["waits"], row["later"], left)
