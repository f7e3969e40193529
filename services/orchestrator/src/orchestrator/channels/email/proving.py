"""Proving a mail address: a code goes to it, and who answers with it in the same conversation reads the mail there.

Kept of a code is a keyed hash, bound to the conversation and to the very address. It is made from a key and the turn
that offers it, so that a job which mails it again mails the same one. What it proves ends by itself.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from prometheus_client import Counter

from orchestrator.channels.email.channel import EmailChannel, guest_of
from orchestrator.channels.email.codes import make_code, quotes
from orchestrator.channels.email.store import lock_person
from orchestrator.journal.conversations import Conversation
from servicekit import audit
from servicekit.clock import Clock
from servicekit.db.pool import Connection
from servicekit.encoding import digest_of

CODE_S = 600
TRIES = 5

_KNOWN = (
    "UPDATE mail_codes SET expires_at = CASE WHEN wrong = 0 AND redeemed_at IS NULL THEN $2 ELSE expires_at END"
    " WHERE turn_id = $1 RETURNING true"
)
_LATELY = (
    "SELECT count(*) FILTER (WHERE person = $1 AND created_at > $3::timestamptz - interval '1 hour') AS hour,"
    " count(*) FILTER (WHERE person = $1) AS day, count(*) FILTER (WHERE conversation_id = $2) AS conversation"
    " FROM mail_codes WHERE (person = $1 OR conversation_id = $2) AND created_at > $3::timestamptz - interval '1 day'"
)
_KEEP = (
    "INSERT INTO mail_codes (turn_id, conversation_id, question_id, person, address, sealed, code, expires_at,"
    " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)
_NEWEST = (
    "SELECT turn_id, question_id, address, code, wrong, expires_at, redeemed_at FROM mail_codes"
    " WHERE conversation_id = $1 ORDER BY created_at DESC, turn_id DESC LIMIT 1"
)
_WRONG = "UPDATE mail_codes SET wrong = wrong + 1 WHERE turn_id = $1"
_REDEEM = (
    "UPDATE mail_codes SET redeemed_at = $2, proven_until = $3 WHERE turn_id = $1 AND redeemed_at IS NULL"
    " RETURNING true"
)
# The mail that this turn answers has to be authentic, and from that very address.
_PROVEN = (
    "SELECT k.turn_id, k.sealed FROM mails m"
    " JOIN mail_codes k ON k.conversation_id = m.conversation_id AND k.address = m.address"
    " WHERE m.turn_id = $1 AND m.conversation_id = $2 AND m.outcome = 'taken' AND m.authentic AND k.proven_until > $3"
    " ORDER BY k.proven_until DESC LIMIT 1"
)


class Became(StrEnum):
    """What became of a code that a mail brought."""

    REDEEMED = "redeemed"
    WRONG = "wrong"
    #: Too old, or tried too often.
    OVER = "over"
    USED = "used"
    #: The mail is not surely from the address that the code went to; nothing was compared.
    SENDER = "sender"
    #: Nobody was sent a code in this conversation.
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Proving:
    """Offers codes and takes them. `key` is for nothing else. An address is proven for `proven_s`; one mailbox gets
    `per_hour` and `per_day` codes at most, a conversation `per_conversation` in a day. `counted` counts what becomes of
    codes; `ours` are sentences that stand beside each code, in all languages.
    """

    channel: EmailChannel
    key: bytes = field(repr=False)
    clock: Clock
    counted: Counter
    ours: tuple[str, ...]
    proven_s: float = 24 * 3600.0
    per_hour: int = 3
    per_day: int = 6
    per_conversation: int = 4

    async def offer(
        self, db: Connection, conversation: Conversation, turn_id: str, address: str, *, again: bool = False
    ) -> str | None:
        """The code that this turn's answer brings to this address; `again`: instead of the last one, for its question.
        None when there were too many. In a transaction: two codes for one mailbox are never made at once.
        """
        now, code = self.clock.now(), make_code(self.key, f"{turn_id}|{address}")
        person, until = self.channel.person(address), now + timedelta(seconds=CODE_S)
        await lock_person(db, person)
        if await db.fetchval(_KNOWN, turn_id, until):
            return code
        lately = await db.fetchrow(_LATELY, person, conversation.id, now)
        if lately is None:
            raise AssertionError("an aggregate always has a row")
        limits = (self.per_hour, self.per_day, self.per_conversation)
        if any(sent >= most for sent, most in zip(lately, limits, strict=True)):
            await self._told(db, conversation, turn_id, "refused")
            return None
        newest = await db.fetchrow(_NEWEST, conversation.id) if again else None
        sealed = conversation.sealer.seal(_purpose(turn_id), address.encode())
        await db.execute(
            _KEEP, turn_id, conversation.id, newest["question_id"] if newest is not None else turn_id, person,
            self.channel.exact(address), sealed, self._hash(turn_id, code), until, now,
        )  # fmt: skip
        await self._told(db, conversation, turn_id, "offered")
        return code

    async def redeem(
        self, db: Connection, conversation: Conversation, said: Sequence[str], sender: str, *, authentic: bool
    ) -> tuple[Became, str]:
        """What becomes of the codes in a mail, and the turn whose question waited, or "". The newest code alone counts;
        of several in one mail none is right. The caller holds the conversation's row lock.
        """
        newest = await db.fetchrow(_NEWEST, conversation.id)
        if newest is None:
            return Became.NONE, ""
        now = self.clock.now()
        became = Became.REDEEMED
        if not authentic or newest["address"] != self.channel.exact(sender):
            became = Became.SENDER
        elif newest["redeemed_at"] is not None:
            became = Became.USED
        elif newest["expires_at"] <= now or newest["wrong"] >= TRIES:
            became = Became.OVER
        elif len(said) != 1 or not hmac.compare_digest(newest["code"], self._hash(newest["turn_id"], said[0])):
            became = await self._wrong(db, newest["turn_id"], newest["wrong"] + 1)
        elif not await db.fetchval(_REDEEM, newest["turn_id"], now, self._until(now)):
            became = Became.USED
        await self._told(db, conversation, newest["turn_id"], became.value)
        return became, newest["question_id"]

    async def proven(self, db: Connection, conversation: Conversation, turn_id: str) -> str | None:
        """The address that is proven for the mail which this turn answers; None when none is, or not any more."""
        row = await db.fetchrow(_PROVEN, turn_id, conversation.id, self.clock.now())
        return None if row is None else conversation.sealer.open(_purpose(row["turn_id"]), row["sealed"]).decode()

    def is_quoted(self, text: str) -> bool:
        """Whether our own words around a code stand in what is said: then the code may be ours too, and nobody's."""
        if not any(quotes(text, sentence) for sentence in self.ours):
            return False
        self.counted.labels("quoted").inc()
        return True

    async def _wrong(self, db: Connection, turn_id: str, wrong: int) -> Became:
        await db.execute(_WRONG, turn_id)
        return Became.WRONG if wrong < TRIES else Became.OVER

    async def _told(self, db: Connection, conversation: Conversation, turn_id: str, what: str) -> None:
        self.counted.labels(what).inc()
        caller = replace(guest_of(conversation), conversation_id=conversation.id, turn_id=turn_id)
        done = what in ("offered", Became.REDEEMED.value)
        await audit.record(
            db, caller=caller, tool=f"email_code_{what}", outcome="ok" if done else "forbidden", request_id="",
            arguments_digest=digest_of({"turn_id": turn_id}), now=self.clock.now(),
        )  # fmt: skip

    def _until(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self.proven_s)

    def _hash(self, turn_id: str, code: str) -> str:
        return hmac.digest(self.key, f"kept|{turn_id}|{code}".encode(), "sha256").hex()


def _purpose(turn_id: str) -> str:
    return f"proven|{turn_id}"
