"""Staff answering: the queue of hand-overs, messages in the customer's thread, stepping in, handing back.

A customer's token opens none of it. Every step is audited in the transaction that does it.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, status
from prometheus_client import Counter

from contracts.errors import ProblemCode
from contracts.ids import ConversationId
from contracts.turn import Answering
from orchestrator.api.auditing import record_step
from orchestrator.api.deps import Desk, DeskDep, only
from orchestrator.api.models import MessageView
from orchestrator.api.rating import allowance
from orchestrator.api.staff_models import (
    AnsweringNow,
    Handback,
    HandoffQuery,
    HandoffQueue,
    HandoffView,
    NewStaffMessage,
    StaffConversation,
    StaffMessageAccepted,
    Takeover,
)
from orchestrator.channels.email.store import latest_letter
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.conversations import Conversation, is_of
from orchestrator.journal.staff import InTheQueue, StaffMessage, conversation_of_site, hand_back, handoff_queue, say
from orchestrator.journal.staff import take_over as step_in
from orchestrator.journal.views import last_messages
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError
from servicekit.openapi import SECURED, problem_responses

ANSWER_SCOPE = "conversations:answer"
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class StaffRoom:
    """What staff's steps touch besides the database."""

    steps: Counter
    queue: JobQueue


async def _staff_room(request: Request) -> StaffRoom:
    room: StaffRoom = request.app.state.staff_room
    return room


RoomDep = Annotated[StaffRoom, Depends(_staff_room)]
AnsweringCaller = Annotated[Caller, Depends(only(ANSWER_SCOPE, "Only staff may answer customers."))]


def staff_router() -> APIRouter:
    """Routes of staff who answer."""
    router = APIRouter(
        prefix="/api/agent", tags=["staff"], responses=problem_responses(), dependencies=[Depends(allowance("staff"))]
    )

    @router.get("/handoffs", openapi_extra=SECURED)
    async def queue(caller: AnsweringCaller, desk: DeskDep, asked: Annotated[HandoffQuery, Query()]) -> HandoffQueue:
        """Who is with a person: the reason, since when, and who waits for an answer, the longest first."""
        async with desk.database.primary() as db:
            found = await handoff_queue(db, desk.conversations, desk.intake.vaults, caller.site, asked.limit)
        return HandoffQueue(handoffs=tuple(_view(one) for one in found))

    @router.get("/staff/conversations/{conversation_id}", openapi_extra=SECURED)
    async def read(conversation_id: ConversationId, caller: AnsweringCaller, desk: DeskDep) -> StaffConversation:
        """The last messages of any conversation of the site. That somebody read them is audited."""
        async with desk.database.transaction() as db:
            conversation = await conversation_of_site(db, desk.conversations, conversation_id, caller.site)
            said = await last_messages(db, conversation, _SHOWN)
            vault = await desk.intake.vaults.opened(db, conversation)
            await record_step(db, desk, caller, "staff_read", _about(conversation_id), relaxed=True)
        return StaffConversation(
            conversation_id=conversation_id, customer=_customer(conversation), channel=conversation.channel,
            answering=conversation.answering,
            messages=tuple(
                MessageView(role=one.role, text=vault.restore(one.text), turn_id=one.turn_id, at=one.at) for one in said
            ),
        )  # fmt: skip

    @router.post("/staff/messages", openapi_extra=SECURED, responses=problem_responses([status.HTTP_409_CONFLICT]))
    async def write(
        body: NewStaffMessage, caller: AnsweringCaller, desk: DeskDep, room: RoomDep
    ) -> StaffMessageAccepted:
        """Say something to the customer, in their thread. The same client_message_id is one message."""
        message = StaffMessage(body.client_message_id, body.text, caller.subject)
        async with desk.database.transaction() as db:
            conversation = await _to_answer(db, desk, body.conversation_id, caller)
            said = await say(db, conversation, await desk.intake.vaults.opened(db, conversation), message)
            if not said.again:
                about = _about(conversation.id, body.client_message_id)
                await record_step(db, desk, caller, "staff_message", about)
                if await latest_letter(db, conversation) is not None:
                    await room.queue.mail_staff(db, conversation.id, said.place)
        if not said.again:
            room.steps.labels("message").inc()
        return StaffMessageAccepted(conversation_id=conversation.id, at=said.at)

    @router.post("/staff/takeover", openapi_extra=SECURED)
    async def take_over(body: Takeover, caller: AnsweringCaller, desk: DeskDep, room: RoomDep) -> AnsweringNow:
        """Step in, asked or not: the bot keeps silent from now on. The same again changes nothing."""
        async with desk.database.transaction() as db:
            conversation = await _to_answer(db, desk, body.conversation_id, caller)
            changed = await step_in(db, conversation, caller.subject)
            if changed:
                await record_step(db, desk, caller, "staff_takeover", _about(conversation.id))
        if changed:
            room.steps.labels("takeover").inc()
        return AnsweringNow(
            conversation_id=conversation.id, answering=Answering.STAFF, changed=changed, step="takeover"
        )  # fmt: skip

    @router.post("/staff/handback", openapi_extra=SECURED)
    async def give_back(body: Handback, caller: AnsweringCaller, desk: DeskDep, room: RoomDep) -> AnsweringNow:
        """Let the bot answer later messages again. The same again changes nothing."""
        async with desk.database.transaction() as db:
            conversation = await _to_answer(db, desk, body.conversation_id, caller)
            changed = await hand_back(db, conversation, caller.subject, body.note)
            if changed:
                await record_step(db, desk, caller, "staff_handback", _about(conversation.id))
        if changed:
            room.steps.labels("handback").inc()
        return AnsweringNow(conversation_id=conversation.id, answering=Answering.BOT, changed=changed, step="handback")

    return router


async def _to_answer(db: Connection, desk: Desk, conversation_id: str, caller: Caller) -> Conversation:
    """The conversation, locked. Nobody answers themselves."""
    conversation = await conversation_of_site(db, desk.conversations, conversation_id, caller.site, lock=True)
    if is_of(conversation, caller):
        raise ProblemError(ProblemCode.FORBIDDEN, "Nobody answers in a conversation of their own.")
    return conversation


def _about(conversation_id: str, client_message_id: str = "") -> dict[str, str]:
    return {"conversation_id": conversation_id, "client_message_id": client_message_id}


def _view(one: InTheQueue) -> HandoffView:
    conversation = one.conversation
    return HandoffView(
        conversation_id=conversation.id, customer=_customer(conversation), channel=conversation.channel,
        reason=one.reason, since=one.since, waiting_since=one.waiting_since, last_message=one.last_message,
    )  # fmt: skip


def _customer(conversation: Conversation) -> str:
    return conversation.identity.name or conversation.identity.subject
