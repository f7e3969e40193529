"""What staff see of one conversation: its thread beside the steps of each turn, masked or revealed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from contracts.turn import Answering
from orchestrator.api.deps import Desk
from orchestrator.console.words import Step, steps_of
from orchestrator.guard.vault import Vault
from orchestrator.journal.conversations import COLUMNS, Conversation, found
from orchestrator.journal.drafts import Draft, drafts_in, sent_drafts
from orchestrator.journal.entries import Codec, purpose
from orchestrator.journal.staff import staff_steps
from orchestrator.journal.views import last_messages
from orchestrator.turn.journal import Recorded
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection

_SHOWN, _TURNS = 100, 20
_CONVERSATION = (
    f"SELECT {COLUMNS}, c.staff_since, c.staff_reason, c.waiting_since, h.asked_at, h.human_at, h.told_at"  # noqa: S608
    " FROM conversations c LEFT JOIN LATERAL (SELECT asked_at, human_at, told_at FROM hand_overs"
    " WHERE conversation_id = c.id AND reason <> 'staff' ORDER BY id DESC LIMIT 1) h ON true"
    " WHERE c.id = $1 AND c.issuer = $2"
)
_LAST_TURNS = (
    "SELECT id, status, outcome, tokens_in, tokens_out, cost_micros, model, confidence, worked_ms, created_at"
    " FROM turns WHERE conversation_id = $1 ORDER BY ordinal DESC LIMIT $2"
)
_ENTRIES = (
    "SELECT turn_id, turn_seq, at_ms, payload FROM journal WHERE turn_id = ANY ($1::text[]) ORDER BY turn_id, turn_seq"
)
_DID = {"takeover": "took over", "handback": "handed back", "note": "note"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the thread: a message, or what staff did between two, which no customer sees (`inner`)."""

    role: str
    who: str
    text: str
    at: datetime
    turn_id: str | None = None
    inner: bool = False


@dataclass(frozen=True, slots=True)
class TurnSteps:
    """A turn: how it stands and ended, what it cost, and its steps in words. Times are milliseconds."""

    id: str
    status: str
    outcome: str
    tokens: int
    cost_micros: int
    model: str
    confidence: float | None
    worked_ms: int | None
    at: datetime
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class DraftLine:
    """What the assistant would have said in a turn of shadow mode. `whole`: nothing is masked in it, so that it can be
    edited; `sent`: staff have sent it, as it was or edited.
    """

    turn_id: str
    text: str
    whole: bool
    sent: bool


@dataclass(frozen=True, slots=True)
class Dossier:
    """A conversation as staff see it. `customer` is masked unless `revealed`; `digest` changes with what is shown. Of
    the last hand-over: when a person was asked for, when one spoke first, when the customer was told that nobody is.
    """

    conversation: Conversation
    customer: str
    revealed: bool
    staff_since: datetime | None
    waiting_since: datetime | None
    reason: str
    asked_at: datetime | None
    human_at: datetime | None
    told_at: datetime | None
    lines: Sequence[Line]
    turns: Sequence[TurnSteps]
    drafts: Sequence[DraftLine] = ()

    @property
    def draft(self) -> DraftLine | None:
        """The draft that can be sent now: the last, when nobody has sent it or said something else since."""
        last = self.drafts[-1] if self.drafts and self.with_staff and self.waiting_since is not None else None
        return None if last is None or last.sent else last

    @property
    def with_staff(self) -> bool:
        """Whether a person answers."""
        return self.conversation.answering is Answering.STAFF

    @property
    def time_to_human(self) -> timedelta | None:
        """From the last hand-over to a person's first words."""
        return None if self.asked_at is None or self.human_at is None else self.human_at - self.asked_at

    @property
    def digest(self) -> str:
        """Names what is shown, so that a page fetches it again only when it has changed."""
        told = (
            self.conversation.answering, self.waiting_since, self.human_at, self.told_at, self.revealed, self.lines,
            self.turns, self.drafts,
        )  # fmt: skip
        return sha256(repr(told).encode()).hexdigest()[:16]


async def open_dossier(db: Connection, desk: Desk, caller: Caller, conversation_id: str, *, revealed: bool) -> Dossier:
    """A conversation of the caller's site. Raises NOT_FOUND for any other, and for one that was erased."""
    row = found(await db.fetchrow(_CONVERSATION, conversation_id, caller.site))
    conversation = desk.conversations.opened(row)
    vault = await desk.intake.vaults.opened(db, conversation)
    shown = _shown_by(vault, revealed=revealed)
    lines = [
        Line(one.role, "", shown(one.text), one.at, one.turn_id)
        for one in await last_messages(db, conversation, _SHOWN)
    ]
    for step in await staff_steps(db, conversation, _SHOWN):
        # What staff wrote for each other was never masked: nobody but they reads it.
        text = step.note if revealed else vault.for_staff(vault.mask(step.note))
        lines.append(Line(_DID[step.step], step.by, text, step.at, inner=True))
    turns, drafts = await _turns(db, conversation, desk.codec, shown)
    sent = await sent_drafts(db, conversation)
    name = conversation.identity.name or conversation.identity.email or conversation.identity.subject
    return Dossier(
        conversation, name if revealed else masked_customer(conversation), revealed, row["staff_since"],
        row["waiting_since"], row["staff_reason"] or "", row["asked_at"], row["human_at"], row["told_at"],
        sorted(lines, key=lambda one: one.at), turns,
        [
            DraftLine(one.turn_id, shown(one.text), shown(one.text) == vault.restore(one.text), one.turn_id in sent)
            for one in drafts
        ],
    )  # fmt: skip


def masked_customer(conversation: Conversation) -> str:
    """How a customer is called as long as nobody has revealed who they are: the same in each conversation of theirs."""
    return f"{'Customer' if conversation.customer else 'Guest'} {conversation.subject_hash[:6]}"


def _shown_by(vault: Vault, *, revealed: bool) -> Callable[[str], str]:
    return vault.restore if revealed else vault.for_staff


async def _turns(
    db: Connection, conversation: Conversation, codec: Codec, shown: Callable[[str], str]
) -> tuple[list[TurnSteps], list[Draft]]:
    rows = await db.fetch(_LAST_TURNS, conversation.id, _TURNS)
    recorded: dict[str, list[Recorded]] = {row["id"]: [] for row in rows}
    for entry in await db.fetch(_ENTRIES, list(recorded)):
        place = purpose(entry["turn_id"], entry["turn_seq"])
        told = codec.decode(conversation.sealer.open(place, entry["payload"]))
        recorded[entry["turn_id"]].append(Recorded(told, entry["at_ms"]))
    drafts = [one for row in reversed(rows) if (one := drafts_in(row["id"], recorded[row["id"]])) is not None]
    turns = [
        TurnSteps(
            row["id"], row["status"], row["outcome"] or "", row["tokens_in"] + row["tokens_out"], row["cost_micros"],
            row["model"], row["confidence"], row["worked_ms"], row["created_at"], steps_of(recorded[row["id"]], shown),
        )
        for row in reversed(rows)
    ]  # fmt: skip
    return turns, drafts
