"""The SQL of knowledge gaps. A question is opened with its conversation's key: of an erased one there is none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.errors import ProblemCode
from orchestrator.gaps.noticing import Gap, GapReason
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.sealing import open_sealer
from servicekit.crypto import MasterKeys
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

#: So many of the newest questions are grouped; older ones are left to the retention.
MOST_QUESTIONS = 5_000
_KEEP = (
    "INSERT INTO knowledge_gaps"
    " (turn_id, conversation_id, reason, question, strength, gap, cover, page_title, page_url)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (turn_id) DO NOTHING"
)
_TAKE_BACK = "DELETE FROM knowledge_gaps WHERE turn_id = $1 AND reason = 'thumbs_down'"
_READ = (
    "SELECT g.turn_id, g.reason, g.question, g.strength, g.cover, g.page_title, g.page_url, g.asked_at, g.answered_at,"
    " g.dismissed_at, c.id, c.subject_hash, c.channel, c.key_id, c.data_key FROM knowledge_gaps g"
    " JOIN conversations c ON c.id = g.conversation_id WHERE c.data_key IS NOT NULL AND c.issuer = $1"
    " AND g.asked_at > $2 ORDER BY g.asked_at DESC, g.turn_id DESC LIMIT $3"
)
_ANSWERED = "UPDATE knowledge_gaps SET answered_at = $2 WHERE turn_id = ANY ($1) AND answered_at IS NULL"
_DISMISS = (
    "UPDATE knowledge_gaps SET dismissed_at = $2, dismissed_by = $3, note = $4 WHERE turn_id = $1"
    " AND dismissed_at IS NULL RETURNING true"
)
_FORGET = (
    "WITH old AS (SELECT turn_id FROM knowledge_gaps WHERE asked_at <= $1 ORDER BY asked_at LIMIT $2)"
    " DELETE FROM knowledge_gaps g USING old WHERE g.turn_id = old.turn_id"
)


@dataclass(frozen=True, slots=True)
class Question:
    """A kept question, opened. `customer` is a hash. `open`: nothing answers it by now."""

    turn_id: str
    text: str
    customer: str
    channel: str
    reason: GapReason
    strength: float
    cover: float
    page_title: str
    page_url: str
    asked_at: datetime
    open: bool
    dismissed: bool
    conversation_id: str = ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A kept question as it is stored, with what opens it."""

    conversation_id: str
    key_id: str
    data_key: bytes
    question: bytes
    #: All but the text.
    about: Question


async def keep(db: Connection, conversation: Conversation, turn_id: str, gap: Gap) -> None:
    """Keep a question; a turn has one row, and the first stays."""
    await db.execute(
        _KEEP, turn_id, conversation.id, gap.reason.value,
        conversation.sealer.seal(_purpose(turn_id), gap.question.encode()), gap.strength, gap.gap, gap.cover,
        gap.page_title, gap.page_url,
    )  # fmt: skip


async def take_back(db: Connection, turn_id: str) -> None:
    """The customer has changed their mind: what only their thumb had made a gap is none."""
    await db.execute(_TAKE_BACK, turn_id)


async def sealed_questions(db: Connection, site: str, after: datetime) -> list[Sealed]:
    """The newest questions of the site's customers after `after`, the earliest first, at most 5,000."""
    return [_sealed(row) for row in reversed(await db.fetch(_READ, site, after, MOST_QUESTIONS))]


def opened(keyring: MasterKeys, sealed: Sequence[Sealed]) -> list[Question]:
    """The questions with their text. Pure computation, for a thread: there may be thousands."""
    found = []
    for one in sealed:
        sealer = open_sealer(keyring, one.conversation_id, one.key_id, one.data_key)
        text = sealer.open(_purpose(one.about.turn_id), one.question).decode()
        found.append(replace(one.about, text=text))
    return found


async def mark_answered(db: Connection, turn_ids: Sequence[str], now: datetime) -> None:
    """The knowledge base answers these questions by now."""
    await db.execute(_ANSWERED, list(turn_ids), now)


async def dismiss(db: Connection, conversation: Conversation, gap_id: str, by: str, note: str, now: datetime) -> bool:
    """Hide the group that begins with this question; False when it is hidden already. Raises NOT_FOUND."""
    if not await db.fetchval("SELECT true FROM knowledge_gaps WHERE turn_id = $1", gap_id):
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no such gap.")
    sealed = conversation.sealer.seal(f"gap-note|{gap_id}", note.encode()) if note else None
    return bool(await db.fetchval(_DISMISS, gap_id, now, by, sealed))


async def forget(db: Connection, until: datetime, batch: int) -> int:
    """Delete questions that were asked until then, at most `batch`; how many."""
    done: str = await db.execute(_FORGET, until, batch)
    return int(done.rsplit(" ", 1)[1])


def _purpose(turn_id: str) -> str:
    return f"gap|{turn_id}"


def _sealed(row) -> Sealed:  # type: ignore[no-untyped-def]
    about = Question(
        turn_id=row["turn_id"], text="", customer=row["subject_hash"], channel=row["channel"],
        reason=GapReason(row["reason"]), strength=row["strength"], cover=row["cover"], page_title=row["page_title"],
        page_url=row["page_url"], asked_at=row["asked_at"], open=row["answered_at"] is None,
        dismissed=row["dismissed_at"] is not None, conversation_id=row["id"],
    )  # fmt: skip
    return Sealed(row["id"], row["key_id"], row["data_key"], row["question"], about)
