"""Staff in a conversation: who waits for them, what they say, stepping in and handing back. Callers audit."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from contracts.errors import ProblemCode
from contracts.turn import Answering
from orchestrator.guard.vault import Vault
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.vaulting import Vaults, vault_columns
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

#: Why a person answers when nobody had asked for one: a member of staff stepped in.
STEPPED_IN = "staff"
#: The answer was to come by e-mail, and could not.
MAIL_REFUSED = "mail_refused"

_QUEUE = (
    "SELECT c.*, said.content FROM conversations c"
    " LEFT JOIN LATERAL (SELECT t.content FROM thread t WHERE t.conversation_id = c.id AND t.role = 'customer'"
    " ORDER BY t.id DESC LIMIT 1) said ON true"
    " WHERE c.answering = 'staff' AND c.data_key IS NOT NULL AND c.issuer = $1"
    " ORDER BY c.waiting_since NULLS LAST, c.staff_since LIMIT $2"
)
_KEEP = (
    "INSERT INTO staff_messages (conversation_id, client_message_id, body_hash, said_by) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT DO NOTHING RETURNING said_at"
)
_KEPT = "SELECT body_hash, said_at FROM staff_messages WHERE conversation_id = $1 AND client_message_id = $2"
_OF_SITE = "SELECT c.* FROM conversations c WHERE c.id = $1 AND c.issuer = $2"
_BY_TURN = (
    "SELECT c.* FROM turns t JOIN conversations c ON c.id = t.conversation_id"
    " WHERE t.id = $1 AND c.issuer = $2 AND c.data_key IS NOT NULL"
)
_SAID = (
    "SELECT c.*, t.content, t.created_at AS said_at FROM thread t JOIN conversations c ON c.id = t.conversation_id"
    " WHERE c.id = $1 AND t.id = $2 AND t.role = 'staff' AND c.data_key IS NOT NULL"
)
_LOCK = " FOR UPDATE OF c"
_STEP_IN = (
    "UPDATE conversations SET answering = 'staff', staff_since = now(), staff_reason = $2, updated_at = now()"
    " WHERE id = $1 AND answering = 'bot' RETURNING true"
)
# A person has dealt with it, if without a word: what the bot remembers of its own attempts ends here.
_HAND_BACK = (
    "UPDATE conversations SET answering = 'bot', staff_since = NULL, staff_reason = NULL, updated_at = now(),"
    " thread_length = thread_length + 1"
    " WHERE id = $1 AND answering = 'staff' RETURNING true"
)
_NOTE = "staff-note"
_STEPS = "SELECT step, done_by, note, done_at FROM staff_steps WHERE conversation_id = $1 ORDER BY id DESC LIMIT $2"
_STEP = "INSERT INTO staff_steps (conversation_id, step, done_by, note) VALUES ($1, $2, $3, $4)"


@dataclass(frozen=True, slots=True)
class InTheQueue:
    """A conversation that is with a person. `waiting_since` is None when staff had the last word."""

    conversation: Conversation
    reason: str
    since: datetime
    waiting_since: datetime | None
    last_message: str


@dataclass(frozen=True, slots=True)
class StaffMessage:
    """What a member of staff says. `client_message_id` is their client's own id of it."""

    client_message_id: str
    text: str
    said_by: str


@dataclass(frozen=True, slots=True)
class Said:
    """A message that was accepted; `again` when it had been before, else with its place in the thread."""

    at: datetime
    again: bool
    place: int = 0


@dataclass(frozen=True, slots=True)
class StaffStep:
    """What a member of staff did: "takeover", "handback" or "note", with the words they left for colleagues."""

    step: str
    by: str
    note: str
    at: datetime


async def staff_steps(db: Connection, conversation: Conversation, limit: int) -> list[StaffStep]:
    """The last steps of staff in the conversation, oldest first."""
    rows = await db.fetch(_STEPS, conversation.id, limit)
    return [
        StaffStep(row["step"], row["done_by"], _opened(conversation, row["note"]), row["done_at"])
        for row in reversed(rows)
    ]


def _opened(conversation: Conversation, note: bytes | None) -> str:
    return "" if note is None else conversation.sealer.open(_NOTE, note).decode()


async def handoff_queue(
    db: Connection, conversations: Conversations, vaults: Vaults, site: str, limit: int
) -> list[InTheQueue]:
    """The site's conversations that are with a person: who waits longest first, then those where staff spoke last."""
    found = []
    for row in await db.fetch(_QUEUE, site, limit):
        conversation = conversations.opened(row)
        sealed = row["content"]
        said = "" if sealed is None else conversation.sealer.open("thread", sealed).decode()
        last = (await vaults.opened(db, conversation)).restore(said)
        found.append(InTheQueue(conversation, row["staff_reason"], row["staff_since"], row["waiting_since"], last))
    return found


async def conversation_of_site(
    db: Connection, conversations: Conversations, conversation_id: str, site: str, *, lock: bool = False
) -> Conversation:
    """Any conversation of the site's customers, for its staff. Raises NOT_FOUND, for another site's too."""
    row = await db.fetchrow(_OF_SITE + (_LOCK if lock else ""), conversation_id, site)
    if row is None:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no such conversation.")
    return conversations.opened(row)


async def turn_of_site(
    db: Connection, conversations: Conversations, turn_id: str, site: str, *, lock: bool = False
) -> Conversation | None:
    """The conversation of a turn, for staff of the site; None when it is another site's, was erased or never was."""
    row = await db.fetchrow(_BY_TURN + (_LOCK if lock else ""), turn_id, site)
    return None if row is None else conversations.opened(row)


async def say(db: Connection, conversation: Conversation, vault: Vault, message: StaffMessage) -> Said:
    """Put a message of staff's into the thread, once, with tokens for what is personal. The caller holds the
    conversation's row lock.

    Raises IDEMPOTENCY_KEY_REUSED when the id belongs to another text, CONFLICT while the bot answers.
    """
    body_hash = hmac.digest(conversation.sealer.key, b"staff\n" + message.text.encode(), "sha256")
    kept = await db.fetchrow(_KEPT, conversation.id, message.client_message_id)
    if kept is not None:
        if kept["body_hash"] != body_hash:
            raise ProblemError(ProblemCode.IDEMPOTENCY_KEY_REUSED, "This client_message_id belongs to another message.")
        return Said(kept["said_at"], again=True)
    if conversation.answering is not Answering.STAFF:
        raise ProblemError(ProblemCode.CONFLICT, "The assistant answers here. Take the conversation over first.")
    at: datetime = await db.fetchval(_KEEP, conversation.id, message.client_message_id, body_hash, message.said_by)
    content = conversation.sealer.seal("thread", vault.mask(message.text).encode())
    place: int = await db.fetchval(
        "WITH kept AS (SELECT vault_keep($1, $3, $4::text[]::bytea[]))"
        " INSERT INTO thread (conversation_id, role, content) SELECT $1, 'staff', $2 FROM kept RETURNING id",
        conversation.id, content, *vault_columns(conversation.sealer, vault.take_fresh()),
    )  # fmt: skip
    return Said(at, again=False, place=place)


async def said_by_staff(
    db: Connection, conversations: Conversations, vaults: Vaults, conversation_id: str, place: int
) -> tuple[Conversation, str, datetime] | None:
    """The conversation, what staff said at that place of its thread, in clear, and when; None when it was erased."""
    row = await db.fetchrow(_SAID, conversation_id, place)
    if row is None:
        return None
    conversation = conversations.opened(row)
    said = conversation.sealer.open("thread", row["content"]).decode()
    return conversation, (await vaults.opened(db, conversation)).restore(said), row["said_at"]


async def take_over(db: Connection, conversation: Conversation, by: str) -> bool:
    """A member of staff answers from now on; False when one does already. What is accepted from now on gets no answer
    of the bot's; `stopping.silence_turns` is for what is under way.
    """
    if not await db.fetchval(_STEP_IN, conversation.id, STEPPED_IN):
        return False
    await db.execute(_STEP, conversation.id, "takeover", by, None)
    return True


async def fetch_staff(db: Connection, conversation_id: str, reason: str) -> None:
    """A person answers from now on, as nobody has asked for; one who does already goes on."""
    await db.execute(_STEP_IN, conversation_id, reason)


async def leave_note(db: Connection, conversation: Conversation, by: str, note: str) -> None:
    """Keep a note for colleagues, sealed; its customer never sees it."""
    await db.execute(_STEP, conversation.id, "note", by, conversation.sealer.seal(_NOTE, note.encode()))


async def hand_back(db: Connection, conversation: Conversation, by: str, note: str) -> bool:
    """The bot answers later messages again; False when it does already. What the customer wrote before stays with
    whoever answered then.
    """
    if not await db.fetchval(_HAND_BACK, conversation.id):
        return False
    sealed = conversation.sealer.seal(_NOTE, note.encode()) if note else None
    await db.execute(_STEP, conversation.id, "handback", by, sealed)
    return True
