"""The SQL of mails. Whoever takes one in holds the sender's lock: two of their mails are never taken at once."""

from dataclasses import dataclass

from orchestrator.channels.email.letters import Letter
from orchestrator.journal.conversations import Conversation
from servicekit.db.pool import Connection

#: A mail of ours, and one that a turn answers.
SENT, TAKEN = "sent", "taken"

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_KNOWN = "SELECT outcome, conversation_id, signature = $2 AS again FROM mails WHERE id = $1 OR signature = $2 LIMIT 1"
_KEEP = (
    "INSERT INTO mails (id, named, person, said, signature, outcome, conversation_id, turn_id, letter, address,"
    " authentic) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING true"
)
#: No mail goes into a conversation that was erased, or that holds what a signed-in customer was told.
_GUESTS = "mails m JOIN conversations c ON c.id = m.conversation_id AND NOT c.customer AND c.data_key IS NOT NULL"
#: Where an address is proven, another one of the same mailbox reads nothing either.
_NO_OTHERS = (
    "NOT EXISTS (SELECT FROM mail_codes k WHERE k.conversation_id = m.conversation_id AND k.redeemed_at IS NOT NULL"
    " AND k.address <> $3)"
)
_THREAD = (
    f"SELECT conversation_id FROM {_GUESTS} WHERE named = ANY ($1) AND m.person = $2 AND {_NO_OTHERS}"  # noqa: S608
    " ORDER BY array_position($1, named), m.created_at DESC LIMIT 1"
)
_WRITES = f"SELECT EXISTS (SELECT FROM {_GUESTS} WHERE m.conversation_id = $1 AND m.person = $2 AND {_NO_OTHERS})"  # noqa: S608
_SO_FAR = (
    "SELECT count(*) FILTER (WHERE created_at > now() - interval '1 hour') AS hour, count(*) AS day,"
    " coalesce(bool_or(said = $2), false) AS repeated"
    " FROM mails WHERE person = $1 AND outcome = 'taken' AND created_at > now() - interval '1 day'"
)
_LETTER = "SELECT letter, person FROM mails WHERE turn_id = $1 AND outcome = 'taken'"
# Who wrote last in the chat looks there.
_LATEST = (
    "SELECT m.turn_id, m.letter FROM (SELECT id FROM turns WHERE conversation_id = $1 ORDER BY ordinal DESC LIMIT 1) t"
    " JOIN mails m ON m.turn_id = t.id AND m.outcome = 'taken' WHERE m.letter IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Known:
    """A mail that came before; `again` when the very same delivery did."""

    outcome: str
    again: bool


@dataclass(frozen=True, slots=True)
class Names:
    """What a mail is known by: keyed hashes. `person` is its mailbox, `address` the very address. `signature` is that
    of its delivery; None when it was fetched.
    """

    id: str
    named: str
    person: str
    said: str = ""
    signature: str | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class SoFar:
    """What was taken of one sender in an hour and in a day; `repeated`: the same words are among that."""

    hour: int
    day: int
    repeated: bool


async def lock_person(db: Connection, person: str) -> None:
    """Until the transaction ends no other mail of this sender is taken in."""
    await db.execute(_LOCK, person)


async def known(db: Connection, names: Names) -> Known | None:
    """What became of this mail before; None when it is new."""
    row = await db.fetchrow(_KNOWN, names.id, names.signature)
    return None if row is None else Known(row["outcome"], bool(row["again"]))


async def keep(
    db: Connection, names: Names, outcome: str, conversation: Conversation | None = None, turn_id: str | None = None,
    letter: Letter | None = None, *, authentic: bool = False,
) -> bool:  # fmt: skip
    """Note what became of a mail, `authentic` as our own server says; False when that is noted already."""
    sealed = None
    if conversation is not None and letter is not None and turn_id is not None:
        sealed = conversation.sealer.seal(_purpose(turn_id), letter.to_bytes())
    return bool(await db.fetchval(
        _KEEP, names.id, names.named, names.person, names.said, names.signature, outcome,
        conversation.id if conversation is not None else None, turn_id, sealed, names.address,
        authentic,
    ))  # fmt: skip


async def thread_of(db: Connection, named: list[str], names: Names) -> str | None:
    """The conversation of the nearest mail that is referred to, of those which this person wrote or received."""
    found: str | None = await db.fetchval(_THREAD, named, names.person, names.address)
    return found


async def writes_in(db: Connection, conversation_id: str, names: Names) -> bool:
    """Whether this person wrote or received a mail of the conversation, and no other address is proven there."""
    return bool(await db.fetchval(_WRITES, conversation_id, names.person, names.address))


async def so_far(db: Connection, person: str, said: str) -> SoFar:
    """What was taken of this sender lately."""
    row = await db.fetchrow(_SO_FAR, person, said)
    if row is None:
        raise AssertionError("an aggregate always has a row")
    return SoFar(row["hour"], row["day"], row["repeated"])


async def letter_of(db: Connection, conversation: Conversation, turn_id: str) -> Letter | None:
    """The mail that this turn answers; None when it answers none."""
    row = await db.fetchrow(_LETTER, turn_id)
    if row is None or row["letter"] is None:
        return None
    return Letter.from_bytes(conversation.sealer.open(_purpose(turn_id), row["letter"]))


async def latest_letter(db: Connection, conversation: Conversation) -> tuple[str, Letter] | None:
    """The turn and the mail with which the conversation's customer spoke last; None when that was not by mail."""
    row = await db.fetchrow(_LATEST, conversation.id)
    if row is None:
        return None
    opened = conversation.sealer.open(_purpose(row["turn_id"]), row["letter"])
    return row["turn_id"], Letter.from_bytes(opened)


def _purpose(turn_id: str) -> str:
    return f"letter|{turn_id}"
