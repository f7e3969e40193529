"""Answers that are owed by e-mail: the address that a guest left for one, and what became of the mail.

The address is sealed beside its turn, and nowhere else: in the conversation's identity it would be that of a customer,
whom their site vouches for. It is forgotten as soon as the mail is on its way, refused, or not wanted any more.
"""

from enum import StrEnum

from orchestrator.journal.conversations import Conversation
from orchestrator.journal.entries import Codec, append_entries
from orchestrator.journal.staff import MAIL_REFUSED, fetch_staff
from orchestrator.turn.inputs import MailRefused
from orchestrator.turn.journal import Recorded
from servicekit.db.pool import Connection

_LEAVE = "UPDATE turns SET mail_to = $2 WHERE id = $1 AND by_mail IN ('promised', 'hurried')"
_OVER = "UPDATE turns SET by_mail = $2, mail_to = NULL WHERE id = $1 AND by_mail IS NOT NULL"
_REFUSED = (
    "UPDATE turns SET by_mail = 'refused', mail_to = NULL WHERE id = $1 AND by_mail <> 'refused' RETURNING inputs"
)
_UNWANTED = "UPDATE turns SET mail_to = NULL WHERE id = $1"
#: Where an answer by e-mail is no surprise; the other channels bring it where the message came from.
_MAILED_CHANNELS = frozenset({"web"})


class Mailed(StrEnum):
    """What became of the mail that was promised."""

    #: The ticket service has the answer, and sends it.
    SENT = "sent"
    #: It has asked the customer for a yes or no, in its place.
    ASKED = "asked"
    #: Nobody takes it at that address (`refused`).
    REFUSED = "refused"


def is_mailed(conversation: Conversation) -> bool:
    """Whether who writes in this conversation can be answered by e-mail as well, where an address is known."""
    known = not conversation.customer or bool(conversation.identity.email)
    return conversation.channel in _MAILED_CHANNELS and known


async def leave_address(db: Connection, conversation: Conversation, turn_id: str, address: str) -> None:
    """Keep where the answer of this turn is mailed to, in the transaction that promises it."""
    await db.execute(_LEAVE, turn_id, conversation.sealer.seal(_purpose(turn_id), address.encode()))


def left_address(conversation: Conversation, turn_id: str, sealed: bytes | None) -> str | None:
    """The address that a guest left, from its sealed bytes."""
    return None if sealed is None else conversation.sealer.open(_purpose(turn_id), sealed).decode()


async def address_of(db: Connection, conversation: Conversation, turn_id: str) -> str | None:
    """Where the answer of this turn is mailed to; None when there is no such place any more."""
    if conversation.customer:
        return conversation.identity.email
    return left_address(conversation, turn_id, await db.fetchval("SELECT mail_to FROM turns WHERE id = $1", turn_id))


async def mailed(db: Connection, turn_id: str, what: Mailed) -> None:
    """Note what became of the mail, and forget the address that a guest left for it."""
    await db.execute(_OVER, turn_id, what.value)


async def refused(
    db: Connection, conversation: Conversation, turn_id: str, reason: str, at_ms: int, codec: Codec
) -> bool:
    """Journal that the mail was refused for good, and put the conversation into the queue of staff; False when that was
    done before. The caller holds the conversation's row lock.
    """
    row = await db.fetchrow(_REFUSED, turn_id)
    if row is None:
        return False
    told = Recorded(MailRefused(reason=reason), at_ms)
    await append_entries(db, conversation.sealer, turn_id, row["inputs"], [told], codec)
    await fetch_staff(db, conversation.id, MAIL_REFUSED)
    return True


async def unwanted(db: Connection, turn_id: str) -> None:
    """Nothing is mailed for this turn: forget the address."""
    await db.execute(_UNWANTED, turn_id)


def _purpose(turn_id: str) -> str:
    return f"mail-to|{turn_id}"
