"""Taking a message in: one transaction that finds or makes its turn, journals it and enqueues the job.

The same (conversation, client_turn_id) is one turn, whatever is resent. A plain yes or no answers the one open card,
the yes only while nothing else was said since.
Messages that come while a turn runs wait in one queued turn and are read together.
"""

import hmac
import re
from dataclasses import dataclass

from asyncpg import Record

from contracts.errors import ProblemCode
from contracts.ids import new_id
from orchestrator.guard.vault import Held, Vault
from orchestrator.journal.conversations import ERASED_DETAIL, Conversation
from orchestrator.journal.decisions import decide_open_card
from orchestrator.journal.entries import Codec, ConversationErased, append_entries, purpose, turning_away
from orchestrator.journal.scheduling import run_turn
from orchestrator.journal.vaulting import vault_columns
from orchestrator.turn.budgets import Budgets
from orchestrator.turn.inputs import MessageAdded, Mode, Screened, TurnStarted
from orchestrator.turn.journal import Recorded
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

#: The message itself when it is known, then the turns that are not over: read behind the conversation's lock.
_STATE = (
    "SELECT turn_id AS id, body_hash, '' AS status, 0 AS inputs, 0 AS runs, false AS stopped,"
    " false AS by_mail FROM messages"
    " WHERE conversation_id = $1 AND client_turn_id = $2"
    " UNION ALL SELECT id, NULL, status, inputs, runs,"
    " EXISTS (SELECT FROM journal j WHERE j.turn_id = t.id AND j.kind = 'stop_asked'), by_mail IS NOT NULL"
    " FROM turns t"
    " WHERE conversation_id = $1 AND status IN ('queued', 'running')"
)

_HOLD = "SELECT id FROM turns WHERE id = $1 AND runs = 0 FOR UPDATE"
#: Values are kept for a turn that begins, and for no other: of one that was erased meanwhile nothing is added.
_BEGIN = (
    "SELECT state, turn, sent, ordinal, kept FROM message_accept($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $14)"
    " LEFT JOIN LATERAL (SELECT vault_keep($1, $12, $13::text[]::bytea[]) AS kept WHERE state = 'begun') AS vault"
    " ON true"
)

#: In our six languages: who is asked in theirs answers so.
_PLEASE = r"please|thanks|thank you|bitte|danke|s'il (?:vous|te) pla[iî]t|merci|por favor|gracias|per favore|grazie"
_PLEASE += r"|alsjeblieft|alstublieft|graag|dank je|bedankt"
_TAIL = rf"(?:[,.! ]+(?:{_PLEASE}|go ahead|do it|do that|that'?s (?:right|fine|correct)))*[,.! ]*"
_YES = re.compile(
    rf"(?:yes|yep|yeah|ok|okay|sure|confirm(?:ed)?|i confirm|go ahead|do it|ja|jawohl|oui|d'accord|s[ií]|sì|va bene"
    rf"|vale){_TAIL}",
    re.IGNORECASE,
)
_NO = re.compile(
    rf"(?:no|nope|cancel|stop|don'?t|nein|non|nee)(?:[,.! ]+(?:{_PLEASE}|don'?t|cancel(?: it)?|stop))*[,.! ]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Message:
    """What a message says and how. `at_ms` is in epoch milliseconds, `screened` the input guard's verdict. One that is
    `aside` came by another way than the page: it answers no card, and is read with no other message.
    """

    text: str
    client_turn_id: str
    request_id: str
    at_ms: int
    wants_human: bool = False
    screened: Screened = "pass"
    flags: tuple[str, ...] = ()
    traceparent: str = ""
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Incoming(_Message):
    """A message as it came in: none of it is stored before it is `masked`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked(_Message):
    """A message with tokens in its text. `vault` knows what they stand for, of which `held` is not stored yet;
    `body_hash` is of what was sent; `disclosure` stands before its answer, which is given as the channel's `mode` says.
    `told` is the phrase of ours that answers it.
    """

    held: tuple[Held, ...]
    vault: Vault
    body_hash: bytes
    disclosure: str = ""
    mode: Mode = "on"
    told: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn that this process may run at once: it holds the lease, and knows the journal without reading it.

    `first`: nothing was said in the conversation before. `vault`: all that the conversation's tokens stand for.
    """

    conversation: Conversation
    turn_id: str
    request_id: str
    first: bool
    recorded: Recorded
    vault: Vault


@dataclass(frozen=True, slots=True)
class Accepted:
    """The turn that answers a message. Its first `after` inputs were told before: a client need not see them again.

    `begun` is there when the caller asked for a lease and has it now; `goes_on` when a turn waited for this message;
    `by_mail` when its answer has just been promised by e-mail.
    """

    turn_id: str
    after: int = 0
    begun: Begun | None = None
    goes_on: bool = False
    by_mail: bool = False


def masked(message: Incoming, conversation: Conversation, vault: Vault) -> Masked:
    """The message with tokens in it: nothing behind this line sees what they stand for.

    What was sent is known again by a hash under the conversation's key, which goes with that key.
    """
    body_hash = hmac.digest(conversation.sealer.key, b"message\n" + message.text.encode(), "sha256")
    text = vault.mask(message.text)
    return Masked(
        text, message.client_turn_id, message.request_id, message.at_ms, message.wants_human, message.screened,
        message.flags, message.traceparent, message.aside, held=vault.take_fresh(), vault=vault, body_hash=body_hash,
    )  # fmt: skip


def plain_answer(text: str) -> bool | None:
    """True for a plain yes, False for a plain no, None for anything else."""
    if _YES.fullmatch(text.strip()):
        return True
    return False if _NO.fullmatch(text.strip()) else None


async def begin_at_once(
    db: Connection,
    conversation: Conversation,
    message: Masked,
    budgets: Budgets,
    codec: Codec,
    lease_s: float | None = None,
    *,
    by_mail: bool = False,
) -> Accepted | None:
    """The turn of a message that simply begins one, in one round trip; None when there is more to it.

    With `lease_s` the turn is the caller's to run and has no job; `by_mail`: its answer is promised by e-mail, and its
    job stands behind all that somebody waits for. Raises IDEMPOTENCY_KEY_REUSED when the client_turn_id was used for
    another text, NOT_FOUND when the conversation was erased a moment ago.
    """
    turn_id, body_hash = new_id("trn"), message.body_hash
    started = _started(conversation, message, budgets)
    try:
        with turning_away(turn_id):
            row = await db.fetchrow(
                _BEGIN, conversation.id, conversation.answering.value, plain_answer(message.text) is not None, turn_id,
                message.request_id, message.at_ms, _first_entry(conversation, started, turn_id, codec),
                message.client_turn_id, body_hash, conversation.sealer.seal("thread", message.text.encode()), lease_s,
                *vault_columns(conversation.sealer, message.held), by_mail,
            )  # fmt: skip
    except ConversationErased as error:
        raise ProblemError(ProblemCode.NOT_FOUND, ERASED_DETAIL) from error
    if row is None or row["state"] == "look":
        return None
    if row["state"] == "known":
        return _known(row["turn"], row["sent"], body_hash)
    if lease_s is None:
        return Accepted(turn_id, by_mail=by_mail)
    recorded = Recorded(started, message.at_ms)
    begun = Begun(conversation, turn_id, message.request_id, row["ordinal"] == 1, recorded, message.vault)
    return Accepted(turn_id, begun=begun)


async def accept_message(
    db: Connection, conversation: Conversation, message: Masked, budgets: Budgets, codec: Codec,
    lease_s: float | None = None, *, by_mail: bool = False,
) -> Accepted:  # fmt: skip
    """The turn that answers the message, `by_mail` as in `begin_at_once`. The caller holds the conversation's row lock.

    Raises IDEMPOTENCY_KEY_REUSED when the client_turn_id was used for another text.
    """
    body_hash = message.body_hash
    rows = await db.fetch(_STATE, conversation.id, message.client_turn_id)
    if rows and rows[0]["body_hash"] is not None:
        return _known(rows[0]["id"], rows[0]["body_hash"], body_hash)
    said = conversation.sealer.seal("thread", message.text.encode())
    await db.execute(
        "SELECT vault_keep($1, $2, $3::text[]::bytea[])",
        conversation.id,
        *vault_columns(conversation.sealer, message.held),
    )
    joined = await _join(db, conversation, message, rows, codec, lease_s, by_mail=by_mail)
    if joined is not None:
        kept = (conversation.id, message.client_turn_id, joined.turn_id, body_hash, said)
        await db.execute("SELECT message_keep($1, $2, $3, $4, $5)", *kept)
        return joined
    turn_id, status = new_id("trn"), "queued" if rows else "running"
    first = _first_entry(conversation, _started(conversation, message, budgets), turn_id, codec)
    await db.execute(
        "SELECT turn_begin($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, $10)", conversation.id, turn_id, status,
        message.request_id, message.at_ms, first, message.client_turn_id, body_hash, said, by_mail,
    )  # fmt: skip
    if status == "running":
        await run_turn(db, turn_id)
    return Accepted(turn_id, by_mail=by_mail)


async def _join(
    db: Connection, conversation: Conversation, message: Masked, rows: list[Record], codec: Codec,
    lease_s: float | None, *, by_mail: bool,
) -> Accepted | None:  # fmt: skip
    """The turn that the message belongs to already: one whose card it answers, or one that was not begun yet. One that
    is promised by e-mail hurries when there is room by now.
    """
    if message.aside:
        return None
    answer = None if message.wants_human else plain_answer(message.text)
    if answer is not None:
        decided = await decide_open_card(
            db, conversation, confirmed=answer, at_ms=message.at_ms, codec=codec, lease_s=lease_s
        )
        if decided is not None:
            return Accepted(decided.turn_id, decided.inputs, goes_on=True)
    open_ones = (row for row in rows if row["runs"] == 0 and not row["stopped"])
    unread = next((row for row in open_ones if row["status"] == "queued" or row["by_mail"]), None)
    # A worker may just begin one that is promised by e-mail: it does before this, or reads this too.
    if unread is None or not await db.fetchval(_HOLD, unread["id"]):
        return None
    told = MessageAdded(
        text=message.text, wants_human=message.wants_human, screened=message.screened, flags=message.flags
    )
    added = Recorded(told, message.at_ms)
    await append_entries(db, conversation.sealer, unread["id"], unread["inputs"], [added], codec)
    if unread["by_mail"] and not by_mail:
        await db.execute("SELECT turn_hurry($1)", unread["id"])
    return Accepted(unread["id"])


def _started(conversation: Conversation, message: Masked, budgets: Budgets) -> TurnStarted:
    return TurnStarted(
        text=message.text, customer=conversation.customer, requester=conversation.identity.subject,
        channel=conversation.channel, answering=conversation.answering, wants_human=message.wants_human,
        budgets=budgets, disclosure=message.disclosure, screened=message.screened, flags=message.flags,
        traceparent=message.traceparent, mode=message.mode, told=message.told,
    )  # fmt: skip


def _first_entry(conversation: Conversation, started: TurnStarted, turn_id: str, codec: Codec) -> bytes:
    return conversation.sealer.seal(purpose(turn_id, 1), codec.encode(started))


def _known(turn_id: str, sent: bytes, body_hash: bytes) -> Accepted:
    if not sent:
        raise ProblemError(ProblemCode.NOT_FOUND, ERASED_DETAIL)
    if sent != body_hash:
        raise ProblemError(ProblemCode.IDEMPOTENCY_KEY_REUSED, "This client_turn_id belongs to another message.")
    return Accepted(turn_id)
