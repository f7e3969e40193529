"""The SQL of hand-overs. Triggers begin and end them with who answers, and note a person's first words, so that
nobody can forget to.
"""

from dataclasses import dataclass
from datetime import datetime

from orchestrator.handover.policy import Moment
from orchestrator.journal.conversations import Conversation
from servicekit.db.pool import Connection

_PURPOSE = "answer-to"
_COLUMNS = "h.id, h.conversation_id, h.reason, h.asked_at, h.human_at, h.told_at, h.late_at"
_OPEN = (
    f"SELECT {_COLUMNS}, c.answer_to FROM hand_overs h JOIN conversations c ON c.id = h.conversation_id"  # noqa: S608 - constants
    " WHERE h.conversation_id = $1 AND h.ended_at IS NULL"
)
_BY_ID = f"SELECT {_COLUMNS}, NULL::bytea AS answer_to FROM hand_overs h WHERE h.id = $1 AND h.ended_at IS NULL"  # noqa: S608
# Another replica takes others.
_DUE = (
    f"SELECT {_COLUMNS}, NULL::bytea AS answer_to FROM hand_overs h WHERE h.look_at <= $1"  # noqa: S608
    " ORDER BY h.look_at LIMIT $2 FOR UPDATE SKIP LOCKED"
)
_NOTE = "UPDATE hand_overs SET told_at = $2, late_at = $3, look_at = $4 WHERE id = $1"
_LEAVE = "UPDATE conversations SET answer_to = $2 WHERE id = $1"
_LEFT = "SELECT answer_to FROM conversations WHERE id = $1"
# The turn beside which a message is sent has to be the same at every attempt.
_TURN = "SELECT id FROM turns WHERE conversation_id = $1 AND created_at <= $2 ORDER BY ordinal DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class HandOver:
    """A conversation that is with a person. `human_at`: their first words; `told_at`, `late_at`: what was said to who
    waits. `answer_to` is sealed, where it was read.
    """

    id: int
    conversation_id: str
    reason: str
    asked_at: datetime
    human_at: datetime | None
    told_at: datetime | None
    late_at: datetime | None
    answer_to: bytes | None = None

    def at(self, moment: Moment) -> datetime | None:
        """When the customer was told this."""
        return self.told_at if moment is Moment.TOLD else self.late_at


async def open_hand_over(db: Connection, conversation_id: str) -> HandOver | None:
    """The hand-over of a conversation that is with a person."""
    row = await db.fetchrow(_OPEN, conversation_id)
    return None if row is None else HandOver(**row)


async def hand_over_by_id(db: Connection, hand_over_id: int) -> HandOver | None:
    """A hand-over that is not over."""
    row = await db.fetchrow(_BY_ID, hand_over_id)
    return None if row is None else HandOver(**row)


async def due_hand_overs(db: Connection, now: datetime, limit: int) -> list[HandOver]:
    """Those that somebody has to look at by now, locked."""
    return [HandOver(**row) for row in await db.fetch(_DUE, now, limit)]


async def note(
    db: Connection, hand_over: HandOver, told_at: datetime | None, late_at: datetime | None, look_at: datetime | None
) -> None:
    """Note what was said, and when to look again."""
    await db.execute(_NOTE, hand_over.id, told_at, late_at, look_at)


async def leave_answer_address(db: Connection, conversation: Conversation, address: str) -> None:
    """Keep where a guest wants to read what people say, until it is handed back. The caller holds the row's lock."""
    await db.execute(_LEAVE, conversation.id, conversation.sealer.seal(_PURPOSE, address.encode()))


async def answer_address(db: Connection, conversation: Conversation) -> str | None:
    """Where a guest wants to read what people say."""
    return opened_address(conversation, await db.fetchval(_LEFT, conversation.id))


def opened_address(conversation: Conversation, sealed: bytes | None) -> str | None:
    """The address, from its sealed bytes."""
    return None if sealed is None else conversation.sealer.open(_PURPOSE, sealed).decode()


async def turn_before(db: Connection, conversation_id: str, at: datetime) -> str | None:
    """The last turn that had begun by then."""
    found: str | None = await db.fetchval(_TURN, conversation_id, at)
    return found
