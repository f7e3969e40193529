"""Conversations: who owns one, and the key that seals it. Ownership is decided in SQL, by issuer and subject."""

from dataclasses import dataclass

import orjson
from asyncpg import Record

from contracts.errors import ProblemCode
from contracts.ids import new_id
from contracts.turn import Answering
from orchestrator.journal.sealing import Sealer, new_sealer, open_sealer
from servicekit.auth.claims import Caller, Role
from servicekit.crypto import MasterKeys, hash_subject
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the customer is, as the issuer of their token said. A guest has a random subject and nothing else."""

    subject: str
    email: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A stored conversation, opened. `fresh`: no customer has said anything yet. `said`: so many messages its thread
    had when it was read.
    """

    id: str
    issuer: str
    subject_hash: str
    identity: Identity
    customer: bool
    channel: str
    answering: Answering
    tokens: int
    sealer: Sealer
    cost_micros: int = 0
    fresh: bool = False
    said: int = 0


@dataclass(frozen=True, slots=True)
class Beginning:
    """A conversation that was asked for. `unsaid`: no customer has said anything yet; `created`: by this very call."""

    id: str
    unsaid: bool
    created: bool


ERASED_DETAIL = "This conversation was erased."
#: What `opened` needs of a conversation `c`.
COLUMNS = (
    "c.id, c.issuer, c.subject_hash, c.identity, c.customer, c.channel, c.answering, c.tokens, c.cost_micros, c.key_id,"
    " c.data_key, c.head_seq, c.thread_length"
)

#: One statement: a conversation and what begins its thread are one transaction. `xmax` is 0 in a row that is new.
_BEGIN = (
    "WITH begun AS ("
    "  INSERT INTO conversations"
    "  (id, issuer, subject_hash, identity, customer, channel, key_id, data_key, session_id)"
    "  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    "  ON CONFLICT (subject_hash, session_id) DO UPDATE SET updated_at = now()"
    "  RETURNING id, head_seq = 0 AS unsaid, xmax = 0 AS created"
    "), told AS ("
    "  INSERT INTO thread (conversation_id, turn_id, role, content)"
    "  SELECT id, NULL, 'assistant', $10::bytea FROM begun WHERE created AND $10::bytea IS NOT NULL"
    ") SELECT id, unsaid, created FROM begun"
)


@dataclass(frozen=True, slots=True)
class Conversations:
    """Creates and finds conversations. `pepper` keys the hash of subjects, so that it cannot be guessed back."""

    keyring: MasterKeys
    pepper: bytes

    def subject_hash(self, issuer: str, subject: str) -> str:
        """The name of a subject in tables and logs."""
        return hash_subject(self.pepper, f"{issuer}|{subject}")

    async def create(self, db: Connection, caller: Caller, channel: str, session_id: str | None = None) -> str:
        """A new conversation of the caller's, or the one that has this session_id already; returns its id."""
        return (await self.begin(db, caller, channel, session_id)).id

    async def begin(
        self, db: Connection, caller: Caller, channel: str, session_id: str | None = None, disclosure: str = ""
    ) -> Beginning:
        """As `create`, with what the customer is told first, which begins the thread of a new one."""
        conversation_id = new_id("cnv")
        sealer, key_id, wrapped = new_sealer(self.keyring, conversation_id)
        identity = orjson.dumps({"subject": caller.subject, "email": caller.email, "name": caller.name})
        row = await db.fetchrow(
            _BEGIN,
            conversation_id, caller.issuer, self.subject_hash(caller.issuer, caller.subject),
            sealer.seal("identity", identity), caller.role is Role.CUSTOMER, channel, key_id, wrapped, session_id,
            sealer.seal("thread", disclosure.encode()) if disclosure else None,
        )  # fmt: skip
        if row is None:
            raise AssertionError("an insert that updates on conflict always returns its row")
        return Beginning(row["id"], row["unsaid"], row["created"])

    async def owned(self, db: Connection, conversation_id: str, caller: Caller, *, lock: bool = False) -> Conversation:
        """The caller's own conversation. Somebody else's is not found, exactly like one that does not exist."""
        row = await db.fetchrow(
            f"SELECT {COLUMNS} FROM conversations c WHERE c.id = $1 AND c.subject_hash = $2"  # noqa: S608 - constant
            + (" FOR UPDATE" if lock else ""),
            conversation_id, self.subject_hash(caller.issuer, caller.subject),
        )  # fmt: skip
        return self.opened(found(row))

    async def by_id(self, db: Connection, conversation_id: str) -> Conversation | None:
        """Any conversation, for the jobs that look after it; None when it was erased."""
        row = await db.fetchrow(
            f"SELECT {COLUMNS} FROM conversations c WHERE c.id = $1 AND c.data_key IS NOT NULL",  # noqa: S608 - constant
            conversation_id,
        )
        return None if row is None else self.opened(row)

    async def by_turn(self, db: Connection, turn_id: str, *, lock: bool = False) -> Conversation | None:
        """The conversation of a turn, for the worker that runs it and the tool that answers it late."""
        row = await db.fetchrow(
            f"SELECT {COLUMNS} FROM turns t JOIN conversations c ON c.id = t.conversation_id WHERE t.id = $1"  # noqa: S608
            + (" FOR UPDATE OF c" if lock else ""),
            turn_id,
        )
        # Of an erased conversation nothing is left to do.
        return None if row is None or row["data_key"] is None else self.opened(row)

    def opened(self, row) -> Conversation:  # type: ignore[no-untyped-def]
        """A row of the conversations table, opened; an erased conversation cannot be."""
        if row["data_key"] is None:
            raise ProblemError(ProblemCode.NOT_FOUND, ERASED_DETAIL)
        sealer = open_sealer(self.keyring, row["id"], row["key_id"], row["data_key"])
        identity = orjson.loads(sealer.open("identity", row["identity"]))
        return Conversation(
            id=row["id"], issuer=row["issuer"], subject_hash=row["subject_hash"], identity=Identity(**identity),
            customer=row["customer"], channel=row["channel"], answering=Answering(row["answering"]),
            tokens=row["tokens"], sealer=sealer, cost_micros=row["cost_micros"],
            fresh=row["head_seq"] == 0, said=row["thread_length"],
        )  # fmt: skip


def is_of(conversation: Conversation, staff: Caller) -> bool:
    """Whether a member of staff is the customer themselves: the same subject, or the same address at another issuer."""
    own = conversation.identity
    same_address = bool(own.email and staff.email and own.email.casefold() == staff.email.casefold())
    return own.subject == staff.subject or same_address


def found(row: Record | None) -> Record:
    """The row of the caller's own conversation. Raises NOT_FOUND when there is none."""
    if row is None:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no such conversation.")
    return row
