"""Conversations and messages: begin one, write into it, read it."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from contracts.ids import ConversationId
from orchestrator.api.deps import ChatCaller, DeskDep
from orchestrator.api.intake import stream_url
from orchestrator.api.models import (
    CardView,
    ConversationCreated,
    ConversationView,
    HandoffRequest,
    MessageView,
    NewConversation,
    NewMessage,
    TurnAccepted,
)
from orchestrator.journal.accept import Accepted
from orchestrator.journal.cards import Card, open_cards
from orchestrator.journal.showing import shown_card, shown_message
from orchestrator.journal.views import Said, last_messages, open_turn
from servicekit.openapi import SECURED, problem_responses

HUMAN_REQUEST = "I would like to talk to a person."


def conversations_router() -> APIRouter:
    """Routes of conversations."""
    router = APIRouter(prefix="/api/agent", tags=["conversations"], responses=problem_responses())

    @router.post("/conversations", status_code=status.HTTP_201_CREATED, openapi_extra=SECURED)
    async def create(body: NewConversation, caller: ChatCaller, desk: DeskDep) -> ConversationCreated:
        """Begin a conversation; it belongs to the token's subject."""
        async with desk.database.primary() as db:
            conversation_id = await desk.conversations.create(db, caller, body.channel.value)
        return ConversationCreated(conversation_id=conversation_id)

    @router.post("/messages", status_code=status.HTTP_202_ACCEPTED, openapi_extra=SECURED)
    async def send(body: NewMessage, caller: ChatCaller, desk: DeskDep) -> TurnAccepted:
        """Write a message. The same (conversation, client_turn_id) is the same turn, whatever is resent."""
        accepted = await desk.intake.message(caller, body.conversation_id, body.text, body.client_turn_id)
        return followed(body.conversation_id, accepted)

    @router.post("/handoff", status_code=status.HTTP_202_ACCEPTED, openapi_extra=SECURED)
    async def handoff(body: HandoffRequest, caller: ChatCaller, desk: DeskDep) -> TurnAccepted:
        """Ask for a person; no model is asked whether that is a good idea."""
        accepted = await desk.intake.message(
            caller, body.conversation_id, HUMAN_REQUEST, body.client_turn_id, human=True
        )
        return followed(body.conversation_id, accepted)

    @router.get("/conversations/{conversation_id}", openapi_extra=SECURED)
    @router.get("/thread/{conversation_id}", include_in_schema=False)
    async def read(
        conversation_id: ConversationId,
        caller: ChatCaller,
        desk: DeskDep,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> ConversationView:
        """The last messages, who is answering, and the open cards."""
        async with desk.database.primary() as db:
            conversation = await desk.conversations.owned(db, conversation_id, caller)
            said = await last_messages(db, conversation, limit)
            cards = await open_cards(db, conversation)
            turn = await open_turn(db, conversation)
            vault = await desk.intake.vaults.opened(db, conversation)
        return ConversationView(
            conversation_id=conversation_id, channel=conversation.channel, answering=conversation.answering,
            status="working" if turn and not turn.waits else "waiting" if turn or cards else "idle",
            open_turn=turn.id if turn else None,
            stream_url=stream_url(conversation_id, turn.id) if turn else None,
            cards=tuple(card_view(shown_card(card, vault)) for card in cards),
            messages=tuple(_message(shown_message(one, vault)) for one in said),
        )  # fmt: skip

    return router


def _message(said: Said) -> MessageView:
    return MessageView(role=said.role, text=said.text, turn_id=said.turn_id, at=said.at)


def followed(conversation_id: str, accepted: Accepted) -> TurnAccepted:
    """Where the client follows the turn that answers."""
    url = stream_url(conversation_id, accepted.turn_id, accepted.after)
    return TurnAccepted(turn_id=accepted.turn_id, stream_url=url)


def card_view(card: Card) -> CardView:
    """A card for the API."""
    return CardView(
        turn_id=card.turn_id, kind=card.kind, tool=card.tool, summary=card.summary, digest=card.digest,
        money_moved=card.money_moved, expires_at=card.expires_at,
    )  # fmt: skip
