"""Where what people say is mailed to, besides the thread: to who wrote last by mail, to the address that a guest has
left, to the account of a customer who was told so.
"""

from dataclasses import dataclass
from datetime import datetime

from orchestrator.channels.email.letters import Letter
from orchestrator.channels.email.store import latest_letter
from orchestrator.handover.store import open_hand_over, opened_address, turn_before
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.mailing import is_mailed
from servicekit.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address, and the turn beside which it is mailed. `letter` is the mail that it answers; `left`: somebody wrote
    the address into the chat.
    """

    address: str
    turn_id: str
    letter: Letter | None = None
    left: bool = False


async def recipient(db: Connection, conversation: Conversation, at: datetime) -> Recipient | None:
    """Who is mailed what was said at that time; None when nobody is."""
    latest = await latest_letter(db, conversation)
    if latest is not None:
        return Recipient(latest[1].sender, latest[0], latest[1])
    hand_over = await open_hand_over(db, conversation.id)
    if hand_over is None or not is_mailed(conversation):
        return None
    left = opened_address(conversation, hand_over.answer_to)
    address = left or (conversation.identity.email if conversation.customer and hand_over.told_at else None)
    turn_id = await turn_before(db, conversation.id, at)
    return None if address is None or turn_id is None else Recipient(address, turn_id, left=left is not None)
