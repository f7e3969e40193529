"""The SQL of messages that came from Slack, and of where their conversations are shown."""

import secrets
from dataclasses import asdict, dataclass
from enum import StrEnum

import orjson

from orchestrator.journal.conversations import Conversation
from servicekit.db.pool import Connection

#: A message that a turn answers.
TAKEN = "taken"
#: Longer than any one call to Slack takes: whoever lost the lease has nothing under way when the next one begins.
LEASE_S = 20.0

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('slack|' || $1, 0))"
_KNOWN = "SELECT outcome FROM slack_messages WHERE id = $1"
_KEEP = (
    "INSERT INTO slack_messages (id, person, place, said, outcome, conversation_id, turn_id)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"
)
#: Outside of threads a conversation ends when nobody has written for half a day.
_THREAD = (
    "SELECT m.conversation_id FROM slack_messages m JOIN conversations c ON c.id = m.conversation_id"
    " WHERE m.place = $1 AND c.subject_hash = $2 AND c.data_key IS NOT NULL"
    " AND ($3 OR m.created_at > now() - interval '12 hours') ORDER BY m.created_at DESC LIMIT 1"
)
_SO_FAR = (
    "SELECT count(*) FILTER (WHERE outcome = $3) AS hour, count(*) FILTER (WHERE said = $2) AS same"
    " FROM slack_messages WHERE person = $1 AND created_at > now() - interval '1 hour'"
)
_PLACE = (
    "INSERT INTO slack_threads (conversation_id, side, target, shown) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (conversation_id, side) DO UPDATE SET target = excluded.target"
)
_TARGET = "SELECT target FROM slack_threads WHERE conversation_id = $1 AND side = $2"
_LEASE = (
    "UPDATE slack_threads SET leased_by = $3, leased_until = now() + make_interval(secs => $4)"
    " WHERE conversation_id = $1 AND side = $2 AND (leased_until IS NULL OR leased_until < now() OR leased_by = $3)"
    " RETURNING true"
)
_RELEASE = (
    "UPDATE slack_threads SET leased_by = NULL, leased_until = NULL"
    " WHERE conversation_id = $1 AND side = $2 AND leased_by = $3"
)
_OPEN_TURNS = (
    "SELECT t.id FROM turns t WHERE t.conversation_id = $1 AND EXISTS"
    " (SELECT FROM slack_messages m WHERE m.turn_id = t.id AND NOT m.answered) ORDER BY t.ordinal"
)
_ANSWERED = "UPDATE slack_messages SET answered = true WHERE turn_id = $1"
_UNSEEN = (
    "SELECT t.id, t.content FROM thread t JOIN slack_threads s ON s.conversation_id = t.conversation_id AND s.side = $2"
    " WHERE t.conversation_id = $1 AND t.role = $3 AND t.id > s.shown ORDER BY t.id LIMIT 50"
)
_SEEN = "UPDATE slack_threads SET shown = greatest(shown, $3) WHERE conversation_id = $1 AND side = $2"


class Side(StrEnum):
    """To whom a conversation is shown."""

    CHAT = "chat"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Names:
    """What a message is known by: keyed hashes."""

    id: str
    person: str
    place: str
    said: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where messages go: a channel, and the thread there, or "". `user`: who reads it alone, "" when others do."""

    channel: str
    thread: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to post one side of a conversation."""

    conversation_id: str
    side: Side
    holder: str


@dataclass(frozen=True, slots=True)
class SoFar:
    """How many messages of a person were taken within an hour, and how many said the same."""

    hour: int
    same: int


async def lock_place(db: Connection, place: str) -> None:
    """Until the transaction ends no other message of this place is taken in."""
    await db.execute(_LOCK, place)


async def known(db: Connection, names: Names) -> str | None:
    """What became of this message before; None when it is new."""
    outcome: str | None = await db.fetchval(_KNOWN, names.id)
    return outcome


async def keep(
    db: Connection, names: Names, outcome: str, conversation: Conversation | None = None, turn_id: str | None = None
) -> None:
    """Note what became of a message."""
    await db.execute(
        _KEEP, names.id, names.person, names.place, names.said, outcome,
        conversation.id if conversation is not None else None, turn_id,
    )  # fmt: skip


async def thread_of(db: Connection, place: str, subject_hash: str, *, in_thread: bool) -> str | None:
    """The conversation of this subject in a place, when it goes on."""
    found: str | None = await db.fetchval(_THREAD, place, subject_hash, in_thread)
    return found


async def so_far(db: Connection, names: Names) -> SoFar:
    """What was heard of this person lately."""
    row = await db.fetchrow(_SO_FAR, names.person, names.said, TAKEN)
    if row is None:
        raise AssertionError("an aggregate always has a row")
    return SoFar(row["hour"], row["same"])


async def show_at(db: Connection, conversation: Conversation, side: Side, target: Target, shown: int = 0) -> None:
    """From now on this side of the conversation is shown at the target; a new one begins behind `shown`."""
    sealed = conversation.sealer.seal(_purpose(side), orjson.dumps(asdict(target)))
    await db.execute(_PLACE, conversation.id, side.value, sealed, shown)


async def target_of(db: Connection, conversation: Conversation, side: Side) -> Target | None:
    """Where this side of the conversation is shown; None when it is nowhere."""
    sealed = await db.fetchval(_TARGET, conversation.id, side.value)
    return None if sealed is None else Target(**orjson.loads(conversation.sealer.open(_purpose(side), sealed)))


async def take_lease(db: Connection, conversation_id: str, side: Side) -> Lease | None:
    """The lease, for `LEASE_S`; None while somebody else posts there."""
    lease = Lease(conversation_id, side, secrets.token_hex(8))
    return lease if await renew(db, lease) else None


async def renew(db: Connection, lease: Lease) -> bool:
    """Hold the lease for `LEASE_S` more; False when it was lost."""
    return bool(await db.fetchval(_LEASE, lease.conversation_id, lease.side.value, lease.holder, LEASE_S))


async def release(db: Connection, lease: Lease) -> None:
    """Let others post."""
    await db.execute(_RELEASE, lease.conversation_id, lease.side.value, lease.holder)


async def open_turns(db: Connection, conversation_id: str) -> list[str]:
    """The turns of messages from Slack of which not all is shown yet, in their order."""
    return [row["id"] for row in await db.fetch(_OPEN_TURNS, conversation_id)]


async def answered(db: Connection, turn_id: str) -> None:
    """All that came of the turn is shown."""
    await db.execute(_ANSWERED, turn_id)


async def unseen(db: Connection, conversation: Conversation, side: Side, role: str) -> list[tuple[int, str]]:
    """What was said by `role` behind what this side shows: places in the thread, and texts with tokens."""
    rows = await db.fetch(_UNSEEN, conversation.id, side.value, role)
    return [(row["id"], conversation.sealer.open("thread", row["content"]).decode()) for row in rows]


async def seen(db: Connection, conversation_id: str, side: Side, place: int) -> None:
    """This side shows all up to this place of the thread."""
    await db.execute(_SEEN, conversation_id, side.value, place)


def _purpose(side: Side) -> str:
    return f"slack-{side.value}"
