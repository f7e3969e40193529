"""Staff answering: the queue of hand-overs, messages in the customer's thread, stepping in, handing back.

A customer's token opens none of it. What each step does is in `staff_steps.py`, which the console calls too.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, status

from contracts.ids import ConversationId
from contracts.turn import Answering
from orchestrator.api import staff_steps as steps
from orchestrator.api.deps import DeskDep, only
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
from orchestrator.api.staff_steps import ANSWER_REFUSAL, ANSWER_SCOPE, StaffRoom, read_conversation, write_message
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.staff import InTheQueue, handoff_queue
from servicekit.auth.claims import Caller
from servicekit.openapi import SECURED, problem_responses


async def _staff_room(request: Request) -> StaffRoom:
    room: StaffRoom = request.app.state.staff_room
    return room


RoomDep = Annotated[StaffRoom, Depends(_staff_room)]
AnsweringCaller = Annotated[Caller, Depends(only(ANSWER_SCOPE, ANSWER_REFUSAL))]


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
        found = await read_conversation(desk, caller, conversation_id)
        conversation, vault = found.conversation, found.vault
        return StaffConversation(
            conversation_id=conversation_id, customer=_customer(conversation), channel=conversation.channel,
            answering=conversation.answering,
            messages=tuple(
                MessageView(role=one.role, text=vault.restore(one.text), turn_id=one.turn_id, at=one.at)
                for one in found.messages
            ),
        )  # fmt: skip

    @router.post("/staff/messages", openapi_extra=SECURED, responses=problem_responses([status.HTTP_409_CONFLICT]))
    async def write(
        body: NewStaffMessage, caller: AnsweringCaller, desk: DeskDep, room: RoomDep
    ) -> StaffMessageAccepted:
        """Say something to the customer, in their thread. The same client_message_id is one message."""
        said = await write_message(desk, room, caller, body.conversation_id, body.client_message_id, body.text)
        return StaffMessageAccepted(conversation_id=body.conversation_id, at=said.at)

    @router.post("/staff/takeover", openapi_extra=SECURED)
    async def take_over(body: Takeover, caller: AnsweringCaller, desk: DeskDep, room: RoomDep) -> AnsweringNow:
        """Step in, asked or not: the bot keeps silent from now on. The same again changes nothing."""
        changed = await steps.take_over(desk, room, caller, body.conversation_id)
        return AnsweringNow(
            conversation_id=body.conversation_id, answering=Answering.STAFF, changed=changed, step="takeover"
        )  # fmt: skip

    @router.post("/staff/handback", openapi_extra=SECURED)
    async def give_back(body: Handback, caller: AnsweringCaller, desk: DeskDep, room: RoomDep) -> AnsweringNow:
        """Let the bot answer later messages again. The same again changes nothing."""
        changed = await steps.give_back(desk, room, caller, body.conversation_id, body.note)
        return AnsweringNow(
            conversation_id=body.conversation_id, answering=Answering.BOT, changed=changed, step="handback"
        )  # fmt: skip

    return router


def _view(one: InTheQueue) -> HandoffView:
    conversation = one.conversation
    return HandoffView(
        conversation_id=conversation.id, customer=_customer(conversation), channel=conversation.channel,
        reason=one.reason, since=one.since, waiting_since=one.waiting_since, last_message=one.last_message,
    )  # fmt: skip


def _customer(conversation: Conversation) -> str:
    return conversation.identity.name or conversation.identity.subject
