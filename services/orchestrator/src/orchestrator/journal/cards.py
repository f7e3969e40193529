"""Cards: what turns wait for, as it is stored and shown. Decisions about them are in `decisions.py`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import orjson
from asyncpg import Record

from contracts.money import Money
from contracts.turn import ApprovalEvent, CardText, ConfirmationEvent
from orchestrator.journal.conversations import Conversation
from orchestrator.turn.effects import AskConfirmation, CardEffect
from orchestrator.turn.inputs import PlannedCall
from orchestrator.turn.provenance import Origin
from servicekit.db.pool import Connection

_BY: Mapping[Origin, Literal["customer", "assistant", "others"]] = {
    Origin.CUSTOMER: "customer", Origin.UNTRUSTED: "others",
}  # fmt: skip
COLUMNS = "turn_id, digest, kind, content, expires_at, approvals"


@dataclass(frozen=True, slots=True)
class Card:
    """A card, as it is shown. `approvals`, `policy` and `reasons` are for staff: how many must approve, and why;
    `texts` are for the customer: what they would have stored or sent, whole. `order`: which one it is about, if any.
    """

    turn_id: str
    digest: str
    kind: Literal["confirmation", "approval"]
    tool: str
    summary: str
    money_moved: Money | None
    expires_at: datetime
    approvals: int = 1
    policy: str = ""
    reasons: tuple[str, ...] = ()
    texts: tuple[CardText, ...] = ()
    order: str | None = None


def card_of(turn_id: str, effect: CardEffect) -> Card:
    """The card that a waiting effect opens."""
    preview, asks_customer = effect.preview, isinstance(effect, AskConfirmation)
    return Card(
        turn_id=turn_id, digest=preview.digest, tool=effect.call.tool, summary=preview.summary,
        kind="confirmation" if asks_customer else "approval", money_moved=preview.money_moved,
        expires_at=datetime.fromtimestamp(preview.expires_at_ms / 1000, UTC),
        approvals=1 if isinstance(effect, AskConfirmation) else effect.approvals, policy=preview.policy,
        reasons=preview.reasons, texts=tuple(card_texts(effect.call)) if asks_customer else (),
        order=effect.call.arguments.get("order_id"),
    )  # fmt: skip


def card_texts(call: PlannedCall) -> Iterator[CardText]:
    """The arguments of running text, with whose words they hold."""
    for one in call.origins:
        if one.text and isinstance(text := call.arguments.get(one.path), str):
            yield CardText(name=one.path, text=text, by=_BY.get(one.origin, "assistant"))


def card_event(card: Card) -> ConfirmationEvent | ApprovalEvent:
    """The event that shows the card to the customer."""
    told = {"tool": card.tool, "summary": card.summary, "digest": card.digest, "money_moved": card.money_moved}
    if card.kind == "confirmation":
        return ConfirmationEvent(**told, expires_at=card.expires_at, texts=card.texts)
    return ApprovalEvent(**told, approvals=card.approvals, expires_at=card.expires_at)


async def open_card(db: Connection, conversation: Conversation, card: Card) -> None:
    """Store a card; storing it again changes nothing."""
    content = {
        "tool": card.tool, "summary": card.summary, "policy": card.policy, "reasons": card.reasons,
        "money": card.money_moved.model_dump() if card.money_moved else None,
        "texts": [one.model_dump() for one in card.texts], "order": card.order,
    }  # fmt: skip
    await db.execute(
        "INSERT INTO cards (turn_id, digest, conversation_id, kind, content, expires_at, approvals, policy)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        card.turn_id, card.digest, conversation.id, card.kind,
        conversation.sealer.seal(f"card|{card.turn_id}", orjson.dumps(content)), card.expires_at, card.approvals,
        card.policy,
    )  # fmt: skip


async def open_cards(db: Connection, conversation: Conversation) -> list[Card]:
    """The open cards of a conversation, oldest first."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM cards WHERE conversation_id = $1 AND state = 'open' ORDER BY created_at",  # noqa: S608
        conversation.id,
    )
    return [opened_card(row, conversation) for row in rows]


def opened_card(row: Record, conversation: Conversation) -> Card:
    """A row of the table (`COLUMNS`), opened with the key of its conversation."""
    content = orjson.loads(conversation.sealer.open(f"card|{row['turn_id']}", row["content"]))
    return Card(
        turn_id=row["turn_id"], digest=row["digest"], kind=row["kind"], tool=content["tool"],
        summary=content["summary"], money_moved=Money(**content["money"]) if content["money"] else None,
        expires_at=row["expires_at"], approvals=row["approvals"], policy=content.get("policy", ""),
        reasons=tuple(content.get("reasons", ())),
        texts=tuple(CardText(**one) for one in content.get("texts", ())), order=content.get("order"),
    )  # fmt: skip
