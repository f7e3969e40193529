"""Taking a message in: one transaction that finds or makes its turn, journals it and enqueues the job.

The same (conversation, client_turn_id) is one turn, whatever is resent. A plain yes or no answers the one open card.
Messages that come while a turn runs wait in one queued turn and are read together.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from contracts.errors import ProblemCode
from contracts.ids import new_id
from orchestrator.journal.cards import decide_open_card
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.entries import Codec, append_entries
from orchestrator.turn.budgets import Budgets
from orchestrator.turn.inputs import MessageAdded, TurnInput, TurnStarted
from orchestrator.turn.journal import Recorded
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

Enqueue = Callable[[Connection, str], Awaitable[None]]

_TAIL = r"(?:[,.! ]+(?:please|thanks|thank you|go ahead|do it|do that|that'?s (?:right|fine|correct)))*[,.! ]*"
_YES = re.compile(rf"(?:yes|yep|yeah|ok|okay|sure|confirm(?:ed)?|i confirm|go ahead|do it){_TAIL}", re.IGNORECASE)
_NO = re.compile(
    r"(?:no|nope|cancel|stop|don'?t)(?:[,.! ]+(?:please|thanks|thank you|don'?t|cancel(?: it)?|stop))*[,.! ]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came in. `at_ms` is its time in epoch milliseconds."""

    text: str
    client_turn_id: str
    request_id: str
    at_ms: int
    wants_human: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The turn that answers a message. Its first `after` inputs were told before: a client need not see them again."""

    turn_id: str
    after: int = 0


def plain_answer(text: str) -> bool | None:
    """True for a plain yes, False for a plain no, None for anything else."""
    if _YES.fullmatch(text.strip()):
        return True
    return False if _NO.fullmatch(text.strip()) else None


async def accept_message(
    db: Connection, conversation: Conversation, message: Incoming, budgets: Budgets, codec: Codec, enqueue: Enqueue
) -> Accepted:
    """The turn that answers the message. The caller holds the conversation's row lock.

    Raises IDEMPOTENCY_KEY_REUSED when the client_turn_id was used for another text.
    """
    body_hash = hashlib.sha256(message.text.encode()).digest()
    known = await db.fetchrow(
        "SELECT turn_id, body_hash FROM messages WHERE conversation_id = $1 AND client_turn_id = $2",
        conversation.id, message.client_turn_id,
    )  # fmt: skip
    if known is not None:
        if known["body_hash"] != body_hash:
            raise ProblemError(ProblemCode.IDEMPOTENCY_KEY_REUSED, "This client_turn_id belongs to another message.")
        return Accepted(str(known["turn_id"]))
    accepted = await _turn_for(db, conversation, message, budgets, codec, enqueue)
    await db.execute(
        "WITH said AS (INSERT INTO thread (conversation_id, turn_id, role, content) VALUES ($1, $3, 'customer', $5))"
        " INSERT INTO messages (conversation_id, client_turn_id, turn_id, body_hash) VALUES ($1, $2, $3, $4)",
        conversation.id, message.client_turn_id, accepted.turn_id, body_hash,
        conversation.sealer.seal("thread", message.text.encode()),
    )  # fmt: skip
    return accepted


async def _turn_for(
    db: Connection, conversation: Conversation, message: Incoming, budgets: Budgets, codec: Codec, enqueue: Enqueue
) -> Accepted:
    answer = None if message.wants_human else plain_answer(message.text)
    if answer is not None:
        decided = await decide_open_card(db, conversation, confirmed=answer, at_ms=message.at_ms, codec=codec)
        if decided is not None:
            await enqueue(db, decided.turn_id)
            return Accepted(decided.turn_id, decided.inputs)
    rows = await db.fetch(
        "SELECT id, status, inputs, runs FROM turns WHERE conversation_id = $1 AND status IN ('queued', 'running')",
        conversation.id,
    )
    unread = next((row for row in rows if row["status"] == "queued" and row["runs"] == 0), None)
    if unread is not None:
        added = MessageAdded(text=message.text, wants_human=message.wants_human)
        await _append(db, conversation, unread["id"], unread["inputs"], added, message.at_ms, codec)
        return Accepted(str(unread["id"]))
    turn_id = new_id("trn")
    status = "queued" if rows else "running"
    await db.execute(
        "INSERT INTO turns (id, conversation_id, ordinal, status, request_id) VALUES ($1, $2,"
        " (SELECT coalesce(max(ordinal), 0) + 1 FROM turns WHERE conversation_id = $2), $3, $4)",
        turn_id, conversation.id, status, message.request_id,
    )  # fmt: skip
    started = TurnStarted(
        text=message.text, customer=conversation.customer, channel=conversation.channel,
        answering=conversation.answering, wants_human=message.wants_human, budgets=budgets,
    )  # fmt: skip
    await _append(db, conversation, turn_id, 0, started, message.at_ms, codec)
    if status == "running":
        await enqueue(db, turn_id)
    return Accepted(turn_id)


async def _append(
    db: Connection,
    conversation: Conversation,
    turn_id: str,
    after: int,
    turn_input: TurnInput,
    at_ms: int,
    codec: Codec,
) -> None:
    await append_entries(db, conversation.sealer, turn_id, after, [Recorded(turn_input, at_ms)], codec)
