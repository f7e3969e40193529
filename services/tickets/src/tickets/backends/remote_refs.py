"""Under which id the ticket of a hand-over is opened in another system.

Not under the call's: two calls for the same conversation, with whatever keys, are one hand-over and so one ticket.
"""

import hashlib

from servicekit.db.pool import Connection
from tickets import repository
from tickets.backends.port import TicketDraft


async def handoff_ref(connection: Connection, about: TicketDraft) -> str | None:
    """The id; None when the conversation is handed over already."""
    # Counted before it is looked: a hand-over that is committed in between is found open. The other way round it would
    # be counted only, and the id of a second one come out.
    ref, conversation = await new_handoff_ref(connection, about), about.conversation_id
    if conversation is not None and await repository.open_handoff(connection, conversation, about.owner):
        return None
    return ref


async def new_handoff_ref(connection: Connection, about: TicketDraft) -> str:
    """The id of the conversation's next hand-over; without a conversation it is the call's own."""
    if about.conversation_id is None:
        return about.ref
    earlier = await repository.handoffs_so_far(connection, about.conversation_id, about.owner)
    material = "\x00".join((about.conversation_id, about.requester, str(earlier)))
    return f"tkt_{hashlib.sha256(material.encode()).hexdigest()[:32]}"
