"""A customer who waits for a person, at the API: what they are told, and where a guest wants to be answered."""

from contracts.errors import ProblemCode
from contracts.turn import Answering
from orchestrator.api.deps import Desk
from orchestrator.api.models import WaitingView
from orchestrator.api.rating import Sender
from orchestrator.api.waiting import mailed_at
from orchestrator.handover.store import answer_address, leave_answer_address, open_hand_over, opened_address
from orchestrator.handover.telling import Reachable, told
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.mailing import is_mailed
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

_NO_MAIL = "What people say here cannot be sent by e-mail. It will be in this conversation."
_LAST_TURN = "SELECT id FROM turns WHERE conversation_id = $1 ORDER BY ordinal DESC LIMIT 1"


async def waiting_view(db: Connection, desk: Desk, conversation: Conversation, language: str) -> WaitingView | None:
    """What is said to who waits; None while the assistant answers."""
    if conversation.answering is not Answering.STAFF:
        return None
    hand_over = await open_hand_over(db, conversation.id)
    if hand_over is None:
        return None
    now, phrases = desk.intake.clock.now(), desk.line.phrases.in_language(language)
    found = told(hand_over, _reachable(desk, conversation, hand_over.answer_to), desk.hours, phrases, now)
    return WaitingView(text=found.text, mailing=found.mailing)


async def leave_address(desk: Desk, caller: Caller, conversation_id: str, address: str, sender: Sender) -> str | None:
    """Keep the address that a guest leaves for what people say. The last turn when a person is asked for already, else
    None: then that is still to do. The same address again is no other wish.

    Raises FORBIDDEN for who is signed in, and where nothing can be mailed; NOT_FOUND for somebody else's conversation;
    RATE_LIMITED for an address that has had its share.
    """
    mailed_at(caller, address)
    async with desk.database.transaction() as db:
        conversation = await desk.conversations.owned(db, conversation_id, caller, lock=True)
        if not _reachable(desk, conversation, None).can_mail:
            raise ProblemError(ProblemCode.FORBIDDEN, _NO_MAIL)
        if await answer_address(db, conversation) != address:
            await sender.leaves(address)
            await leave_answer_address(db, conversation, address)
        if conversation.answering is not Answering.STAFF:
            return None
        turn_id: str | None = await db.fetchval(_LAST_TURN, conversation.id)
        return turn_id


def _reachable(desk: Desk, conversation: Conversation, left: bytes | None) -> Reachable:
    guest = not conversation.customer
    can_mail = is_mailed(conversation) and (desk.line.mails_guests() if guest else desk.line.mails())
    return Reachable(guest, can_mail, opened_address(conversation, left), conversation.identity.email)
