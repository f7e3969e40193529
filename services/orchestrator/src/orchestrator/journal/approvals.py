"""Approvals: the queue of what waits for staff, and one colleague's decision about one card."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.errors import ProblemCode
from orchestrator.guard.vault import Held
from orchestrator.journal.cards import Card, opened_card
from orchestrator.journal.conversations import Conversation, Conversations, is_of
from orchestrator.journal.decisions import DECIDED, close_card, locked_card, past
from orchestrator.journal.entries import Codec, append_entries
from orchestrator.turn.inputs import ApprovalDecided
from orchestrator.turn.journal import Recorded
from servicekit.addresses import fingerprint
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

_QUEUE = (
    "SELECT c.*, k.turn_id, k.digest, k.kind, k.content, k.expires_at, k.approvals, k.created_at AS asked_at,"
    " k.reminded_at, ARRAY(SELECT d.approver FROM card_decisions d WHERE d.turn_id = k.turn_id AND d.digest = k.digest"
    " AND d.approved ORDER BY d.decided_at) AS approved_by"
    " FROM cards k JOIN conversations c ON c.id = k.conversation_id"
    " WHERE k.kind = 'approval' AND k.state = 'open' AND k.expires_at > now() AND c.data_key IS NOT NULL"
    " AND c.issuer = $1 ORDER BY k.created_at LIMIT $2"
)
_DECIDE = (
    "INSERT INTO card_decisions (turn_id, digest, approver, approved, notes) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT DO NOTHING RETURNING true"
)
_APPROVED = "SELECT count(*) FROM card_decisions WHERE turn_id = $1 AND digest = $2 AND approved"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A card that waits for staff, the customer it is for, and who has approved so far."""

    conversation: Conversation
    card: Card
    asked_at: datetime
    reminded_at: datetime | None
    approved_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What one member of staff decided. `approver` is verified; the rest is theirs."""

    turn_id: str
    digest: str
    approved: bool
    notes: str
    approver: Caller


async def waiting_approvals(db: Connection, conversations: Conversations, site: str, limit: int) -> list[Waiting]:
    """What waits for staff of the site, the oldest first."""
    found = []
    for row in await db.fetch(_QUEUE, site, limit):
        conversation = conversations.opened(row)
        card = opened_card(row, conversation)
        found.append(Waiting(conversation, card, row["asked_at"], row["reminded_at"], tuple(row["approved_by"])))
    return found


async def approve(
    db: Connection, conversation: Conversation, decision: Decision, held: Sequence[Held], at_ms: int, codec: Codec,
    lease_s: float | None = None,
) -> int:  # fmt: skip
    """Record a decision, whose notes are masked (`held`: what their tokens stand for); how many approvals are still
    missing (0: the turn goes on). The caller holds the conversation's row lock.

    Raises NOT_FOUND for a card that is not there, FORBIDDEN for the customer who asked, ALREADY_DECIDED when the card
    is closed or this colleague has decided before.
    """
    row = await locked_card(db, conversation, decision.turn_id, decision.digest, "approval")
    if is_of(conversation, decision.approver):
        raise ProblemError(ProblemCode.FORBIDDEN, "Who asked for it cannot approve it.")
    if row["state"] != "open" or past(row["expires_at"], at_ms):
        raise ProblemError(ProblemCode.ALREADY_DECIDED, DECIDED)
    approver, turn_id = decision.approver.subject, decision.turn_id
    notes = conversation.sealer.seal(f"notes|{turn_id}", decision.notes.encode()) if decision.notes else None
    if not await db.fetchval(_DECIDE, turn_id, decision.digest, approver, decision.approved, notes):
        raise ProblemError(ProblemCode.ALREADY_DECIDED, "You have decided about this before.")
    told = ApprovalDecided(
        digest=decision.digest, approved=decision.approved, approver=approver, notes=decision.notes,
        address=fingerprint(decision.approver.email) if decision.approver.email else "",
    )  # fmt: skip
    missing = row["approvals"] - await db.fetchval(_APPROVED, turn_id, decision.digest)
    if decision.approved and missing > 0:
        inputs = await db.fetchval("SELECT inputs FROM turns WHERE id = $1 AND status = 'waiting'", turn_id)
        if inputs is None:
            raise ProblemError(ProblemCode.ALREADY_DECIDED, DECIDED)
        await append_entries(db, conversation.sealer, turn_id, inputs, [Recorded(told, at_ms)], codec, held)
        return int(missing)
    state = "yes" if decision.approved else "no"
    await close_card(db, conversation, turn_id, told, state, at_ms, codec, by=approver, lease_s=lease_s, held=held)
    return 0
