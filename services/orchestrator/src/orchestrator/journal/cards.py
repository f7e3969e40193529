"""Cards: the decisions that turns wait for. A decision is journalled and its card closed in one transaction."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import orjson

from contracts.errors import ProblemCode
from contracts.money import Money
from contracts.turn import ApprovalEvent, ConfirmationEvent
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.entries import Codec, append_entries
from orchestrator.turn.effects import AskConfirmation, WaitingEffect
from orchestrator.turn.inputs import ConfirmationDecided, TurnInput, WaitExpired
from orchestrator.turn.journal import Recorded
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError


@dataclass(frozen=True, slots=True)
class Card:
    """An open card, as it is shown."""

    turn_id: str
    digest: str
    kind: Literal["confirmation", "approval"]
    tool: str
    summary: str
    money_moved: Money | None
    expires_at: datetime


def card_of(turn_id: str, effect: WaitingEffect) -> Card:
    """The card that a waiting effect opens."""
    preview = effect.preview
    return Card(
        turn_id=turn_id, digest=preview.digest, tool=effect.call.tool, summary=preview.summary,
        kind="confirmation" if isinstance(effect, AskConfirmation) else "approval",
        money_moved=preview.money_moved, expires_at=datetime.fromtimestamp(preview.expires_at_ms / 1000, UTC),
    )  # fmt: skip


def card_event(card: Card) -> ConfirmationEvent | ApprovalEvent:
    """The event that shows the card."""
    kind = ConfirmationEvent if card.kind == "confirmation" else ApprovalEvent
    return kind(
        tool=card.tool, summary=card.summary, digest=card.digest, money_moved=card.money_moved,
        expires_at=card.expires_at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that was journalled: the turn that goes on, and how many inputs it has now."""

    turn_id: str
    inputs: int


async def open_card(db: Connection, conversation: Conversation, card: Card) -> None:
    """Store a card; storing it again changes nothing."""
    content = {
        "tool": card.tool, "summary": card.summary,
        "money": card.money_moved.model_dump() if card.money_moved else None,
    }  # fmt: skip
    await db.execute(
        "INSERT INTO cards (turn_id, digest, conversation_id, kind, content, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        card.turn_id, card.digest, conversation.id, card.kind,
        conversation.sealer.seal(f"card|{card.turn_id}", orjson.dumps(content)), card.expires_at,
    )  # fmt: skip


async def open_cards(db: Connection, conversation: Conversation) -> list[Card]:
    """The open cards of a conversation, oldest first."""
    rows = await db.fetch(
        "SELECT turn_id, digest, kind, content, expires_at FROM cards"
        " WHERE conversation_id = $1 AND state = 'open' ORDER BY created_at",
        conversation.id,
    )
    cards = []
    for row in rows:
        content = orjson.loads(conversation.sealer.open(f"card|{row['turn_id']}", row["content"]))
        money = Money(**content["money"]) if content["money"] else None
        cards.append(
            Card(
                row["turn_id"],
                row["digest"],
                row["kind"],
                content["tool"],
                content["summary"],
                money,
                row["expires_at"],
            )
        )
    return cards


async def decide_open_card(
    db: Connection, conversation: Conversation, *, confirmed: bool, at_ms: int, codec: Codec
) -> Decided | None:
    """Decide the one open confirmation card; the turn that goes on, or None when there is not exactly one."""
    confirmations = [card for card in await open_cards(db, conversation) if card.kind == "confirmation"]
    if len(confirmations) != 1 or _past(confirmations[0].expires_at, at_ms):
        return None
    card = confirmations[0]
    decision = ConfirmationDecided(digest=card.digest, confirmed=confirmed)
    return await _decide(db, conversation, card.turn_id, decision, "yes" if confirmed else "no", at_ms, codec)


async def confirm(
    db: Connection, conversation: Conversation, turn_id: str, decision: ConfirmationDecided, at_ms: int, codec: Codec
) -> Decided | None:
    """Record the customer's decision; None when the same one was recorded before.

    Raises NOT_FOUND for a card that is not of this conversation, ALREADY_DECIDED for one that was decided otherwise
    or has expired.
    """
    row = await db.fetchrow(
        "SELECT state, expires_at FROM cards WHERE conversation_id = $1 AND turn_id = $2 AND digest = $3"
        " AND kind = 'confirmation' FOR UPDATE",
        conversation.id, turn_id, decision.digest,
    )  # fmt: skip
    if row is None:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no such card in this conversation.")
    wanted = "yes" if decision.confirmed else "no"
    if row["state"] == wanted:
        return None
    if row["state"] != "open" or _past(row["expires_at"], at_ms):
        raise ProblemError(ProblemCode.ALREADY_DECIDED, "This card was already decided or has expired.")
    return await _decide(db, conversation, turn_id, decision, wanted, at_ms, codec)


async def expire(
    db: Connection, conversation: Conversation, turn_id: str, digest: str, at_ms: int, codec: Codec
) -> bool:
    """Close a card that nobody decided in time; False when it was decided."""
    still_open = await db.fetchval(
        "SELECT true FROM cards WHERE turn_id = $1 AND digest = $2 AND state = 'open' FOR UPDATE", turn_id, digest
    )
    if still_open:
        await _decide(db, conversation, turn_id, WaitExpired(digest=digest), "expired", at_ms, codec)
    return bool(still_open)


async def _decide(
    db: Connection, conversation: Conversation, turn_id: str, decision: TurnInput, state: str, at_ms: int, codec: Codec
) -> Decided:
    inputs = await db.fetchval(
        "UPDATE turns SET status = 'running' WHERE id = $1 AND status = 'waiting' RETURNING inputs", turn_id
    )
    if inputs is None:
        raise ProblemError(ProblemCode.ALREADY_DECIDED, "This card was already decided or has expired.")
    await append_entries(db, conversation.sealer, turn_id, inputs, [Recorded(decision, at_ms)], codec)
    await db.execute(
        "UPDATE cards SET state = $2, decided_at = now(), decided_by = $3 WHERE turn_id = $1 AND state = 'open'",
        turn_id, state, "timer" if state == "expired" else "customer",
    )  # fmt: skip
    return Decided(turn_id, inputs + 1)


def _past(expires_at: datetime, at_ms: int) -> bool:
    return expires_at.timestamp() * 1000 <= at_ms
