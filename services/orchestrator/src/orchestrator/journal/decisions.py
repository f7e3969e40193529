"""Decisions about cards: a decision is journalled and its card closed in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from asyncpg import Record

from contracts.errors import ProblemCode
from orchestrator.guard.vault import Held
from orchestrator.journal.cards import Card, open_cards
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.entries import Codec, append_entries
from orchestrator.journal.scheduling import run_turn
from orchestrator.turn.inputs import ConfirmationDecided, RetryDue, TurnInput, WaitExpired
from orchestrator.turn.journal import Recorded
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

_SAID_SINCE = (
    "SELECT EXISTS (SELECT FROM turns l JOIN turns t USING (conversation_id) WHERE t.id = $1 AND l.ordinal > t.ordinal)"
)
DECIDED = "This card was already decided or has expired."


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that was journalled: its turn, and how many inputs that has now."""

    turn_id: str
    inputs: int


async def decide_open_card(
    db: Connection, conversation: Conversation, *, confirmed: bool, at_ms: int, codec: Codec,
    lease_s: float | None = None,
) -> Decided | None:  # fmt: skip
    """Decide the one open confirmation card; the turn that goes on, or None when there is not exactly one.

    Once something else was said and answered, a yes may be meant for that answer: it is none to the card, whose button
    is still there. A no is taken for one: nothing is done then.
    """
    confirmations = [card for card in await open_cards(db, conversation) if card.kind == "confirmation"]
    if len(confirmations) != 1 or past(confirmations[0].expires_at, at_ms):
        return None
    card = confirmations[0]
    if confirmed and await db.fetchval(_SAID_SINCE, card.turn_id):
        return None
    decision = ConfirmationDecided(digest=card.digest, confirmed=confirmed)
    state = "yes" if confirmed else "no"
    return await close_card(db, conversation, card.turn_id, decision, state, at_ms, codec, lease_s=lease_s)


async def confirm(
    db: Connection, conversation: Conversation, turn_id: str, decision: ConfirmationDecided, at_ms: int, codec: Codec,
    lease_s: float | None = None,
) -> Decided | None:  # fmt: skip
    """Record the customer's decision; None when the same one was recorded before.

    Raises NOT_FOUND for a card that is not of this conversation, ALREADY_DECIDED for one that was decided otherwise
    or has expired.
    """
    row = await locked_card(db, conversation, turn_id, decision.digest, "confirmation")
    wanted = "yes" if decision.confirmed else "no"
    if row["state"] == wanted:
        return None
    if row["state"] != "open" or past(row["expires_at"], at_ms):
        raise ProblemError(ProblemCode.ALREADY_DECIDED, DECIDED)
    return await close_card(db, conversation, turn_id, decision, wanted, at_ms, codec, lease_s=lease_s)


async def supersede(db: Connection, conversation: Conversation, card: Card, at_ms: int, codec: Codec) -> None:
    """Close the older cards that would move money of the order that `card` moves money of: of two amounts the last
    counts, and a customer who sees both cards might confirm both. The conversation must be locked.
    """
    if card.money_moved is None or card.order is None:
        return
    for older in await open_cards(db, conversation):
        same = (older.kind, older.tool, older.order) == ("confirmation", card.tool, card.order)
        if same and older.turn_id != card.turn_id:
            told = WaitExpired(digest=older.digest, superseded=True)
            await close_card(db, conversation, older.turn_id, told, "expired", at_ms, codec, by="newer card")


async def expire(
    db: Connection, conversation: Conversation, turn_id: str, digest: str, at_ms: int, codec: Codec
) -> bool:
    """Close a card that nobody decided in time; False when it was decided."""
    still_open = await db.fetchval(
        "SELECT true FROM cards WHERE turn_id = $1 AND digest = $2 AND state = 'open' FOR UPDATE", turn_id, digest
    )
    if still_open:
        await close_card(db, conversation, turn_id, WaitExpired(digest=digest), "expired", at_ms, codec, by="timer")
    return bool(still_open)


async def try_again(db: Connection, conversation: Conversation, turn_id: str, at_ms: int, codec: Codec) -> bool:
    """Let a turn go on that waits for what came of a write; False when it does not wait any more."""
    if await db.fetchval("SELECT EXISTS (SELECT FROM cards WHERE turn_id = $1 AND state = 'open')", turn_id):
        return False
    return await wake(db, conversation, turn_id, RetryDue(), at_ms, codec) is not None


async def locked_card(
    db: Connection, conversation: Conversation, turn_id: str, digest: str, kind: Literal["confirmation", "approval"]
) -> Record:
    """The card's row (state, expires_at, approvals), locked. Raises NOT_FOUND when there is none here."""
    row = await db.fetchrow(
        "SELECT state, expires_at, approvals FROM cards WHERE conversation_id = $1 AND turn_id = $2 AND digest = $3"
        " AND kind = $4 FOR UPDATE",
        conversation.id, turn_id, digest, kind,
    )  # fmt: skip
    if row is None:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no such card in this conversation.")
    return row


async def close_card(
    db: Connection, conversation: Conversation, turn_id: str, decision: TurnInput, state: str, at_ms: int,
    codec: Codec, *, by: str = "customer", lease_s: float | None = None, held: Sequence[Held] = (),
) -> Decided:  # fmt: skip
    """Journal the decision that ends the wait, and close the turn's open card; the turn goes on as `wake` says."""
    inputs = await wake(db, conversation, turn_id, decision, at_ms, codec, lease_s, held)
    if inputs is None:
        raise ProblemError(ProblemCode.ALREADY_DECIDED, DECIDED)
    await db.execute(
        "UPDATE cards SET state = $2, decided_at = now(), decided_by = $3 WHERE turn_id = $1 AND state = 'open'",
        turn_id, state, by,
    )  # fmt: skip
    return Decided(turn_id, inputs)


async def wake(
    db: Connection, conversation: Conversation, turn_id: str, told: TurnInput, at_ms: int, codec: Codec,
    lease_s: float | None = None, held: Sequence[Held] = (),
) -> int | None:  # fmt: skip
    """Journal what a turn waited for, with what its tokens stand for; how many inputs it has then, None when it does
    not wait.

    With `lease_s` the turn is the caller's to run once this is committed; without, it is enqueued.
    """
    inputs = await db.fetchval(
        "UPDATE turns SET status = 'running', leased_until = now() + make_interval(secs => $2)"
        " WHERE id = $1 AND status = 'waiting' RETURNING inputs",
        turn_id, lease_s,
    )  # fmt: skip
    if inputs is None:
        return None
    await append_entries(db, conversation.sealer, turn_id, inputs, [Recorded(told, at_ms)], codec, held)
    if lease_s is None:
        await run_turn(db, turn_id)
    return int(inputs) + 1


def past(expires_at: datetime, at_ms: int) -> bool:
    """Whether the time to decide is over."""
    return expires_at.timestamp() * 1000 <= at_ms
