"""Conversations and messages: begin one, write into it, read it."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response, status

from contracts.ids import ConversationId
from contracts.tools.retrieval import Channel
from orchestrator.api.deps import ChatCaller, Desk, DeskDep
from orchestrator.api.disclosing import preferred
from orchestrator.api.handing import leave_address, waiting_view
from orchestrator.api.intake import MailWish, stream_url
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
from orchestrator.api.rating import Sender, SenderDep, allowance
from orchestrator.api.waiting import masked_address
from orchestrator.guard.vault import Vault
from orchestrator.journal.accept import Accepted
from orchestrator.journal.answers import Answer, answers
from orchestrator.journal.cards import Card, open_cards
from orchestrator.journal.conversations import Beginning
from orchestrator.journal.showing import shown_card, shown_end, shown_message
from orchestrator.journal.views import Said, disclosed, last_messages, open_turn
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection
from servicekit.openapi import SECURED, problem_responses

_READ = [Depends(allowance("read"))]


def conversations_router() -> APIRouter:
    """Routes of conversations."""
    router = APIRouter(prefix="/api/agent", tags=["conversations"], responses=problem_responses())

    @router.post(
        "/conversations", status_code=status.HTTP_201_CREATED, openapi_extra=SECURED,
        responses={200: {"model": ConversationCreated, "description": "It had begun under this session_id."}},
        dependencies=[Depends(allowance("begin"))],
    )  # fmt: skip
    async def create(
        body: NewConversation, caller: ChatCaller, desk: DeskDep, response: Response,
        accept_language: Annotated[str, Header()] = "",
    ) -> ConversationCreated:  # fmt: skip
        """Begin a conversation; it belongs to the token's subject. One that has this session_id already goes on."""
        told = desk.disclosure.text(body.context, accept_language)
        async with desk.database.primary() as db:
            begun = await desk.conversations.begin(db, caller, body.channel.value, body.session_id, told)
            told = await first_words(db, desk, caller, begun, told)
            slack = await _connects_slack(db, desk, caller)
        if not begun.created:
            response.status_code = status.HTTP_200_OK
        return ConversationCreated(conversation_id=begun.id, disclosure=told, slack=slack)

    @router.post("/messages", status_code=status.HTTP_202_ACCEPTED, openapi_extra=SECURED)
    async def send(body: NewMessage, caller: ChatCaller, desk: DeskDep, sender: SenderDep) -> TurnAccepted:
        """Write a message. The same (conversation, client_turn_id) is the same turn, whatever is resent."""
        await sender.writes(body.conversation_id, body.text)
        mail = wish(sender, body.mail_to)
        accepted = await desk.intake.message(
            caller, body.conversation_id, body.text, body.client_turn_id, mail=mail
        )  # fmt: skip
        return followed(body.conversation_id, accepted)

    @router.post("/handoff", status_code=status.HTTP_202_ACCEPTED, openapi_extra=SECURED)
    async def handoff(
        body: HandoffRequest, caller: ChatCaller, desk: DeskDep, sender: SenderDep,
        accept_language: Annotated[str, Header()] = "",
    ) -> TurnAccepted:  # fmt: skip
        """Ask for a person; no model is asked whether that is a good idea. The thread has it in words, in the language
        that `Accept-Language` wants. A guest may leave an address for what people say.
        """
        await sender.asks_for_person(body.conversation_id)
        if body.mail_to is not None:
            turn_id = await leave_address(desk, caller, body.conversation_id, body.mail_to, sender)
            if turn_id is not None:
                return followed(body.conversation_id, Accepted(turn_id))
        wish = desk.disclosure.person_asked(accept_language)
        accepted = await desk.intake.message(caller, body.conversation_id, wish, body.client_turn_id, human=True)
        return followed(body.conversation_id, accepted)

    @router.get("/conversations/{conversation_id}", openapi_extra=SECURED, dependencies=_READ)
    @router.get("/thread/{conversation_id}", include_in_schema=False, dependencies=_READ)
    async def read(
        conversation_id: ConversationId,
        caller: ChatCaller,
        desk: DeskDep,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        accept_language: Annotated[str, Header()] = "",
    ) -> ConversationView:
        """The last messages, who is answering, and the open cards."""
        async with desk.database.primary() as db:
            conversation = await desk.conversations.owned(db, conversation_id, caller)
            said = await last_messages(db, conversation, limit)
            told = await answers(db, conversation, {one.turn_id for one in said if one.is_answer and one.turn_id})
            cards = await open_cards(db, conversation)
            turn = await open_turn(db, conversation)
            vault = await desk.intake.vaults.opened(db, conversation)
            waiting = await waiting_view(db, desk, conversation, preferred(accept_language) or "en")
        return ConversationView(
            conversation_id=conversation_id, channel=conversation.channel, answering=conversation.answering,
            status="working" if turn and not turn.waits else "waiting" if turn or cards else "idle",
            open_turn=turn.id if turn else None,
            stream_url=stream_url(conversation_id, turn.id) if turn else None,
            later=desk.line.by_mail(masked_address(conversation, turn.mail_to), preferred(accept_language) or "en").text
            if turn and turn.later else "",
            hand_over=waiting,
            cards=tuple(card_view(shown_card(card, vault)) for card in cards),
            messages=tuple(_message(one, told.get(one.turn_id or ""), vault) for one in said),
        )  # fmt: skip

    return router


async def first_words(db: Connection, desk: Desk, caller: Caller, begun: Beginning, told: str) -> str:
    """Who answers here, as the thread says it: `told` in a new one, else what was told when it began."""
    if begun.created:
        return told
    return await disclosed(db, await desk.conversations.owned(db, begun.id, caller))


async def _connects_slack(db: Connection, desk: Desk, caller: Caller) -> bool:
    """Whether a customer is answered in Slack as themselves: not where it is switched off."""
    if desk.slack is None or not desk.slack.connects(caller):
        return False
    return await desk.intake.switches.mode(db, Channel.SLACK.value) != "off"


def _message(said: Said, answer: Answer | None, vault: Vault) -> MessageView:
    shown = shown_message(said, vault)
    view = MessageView(role=shown.role, text=shown.text, turn_id=shown.turn_id, at=shown.at)
    if answer is None or not said.is_answer:
        return view
    end = shown_end(answer.end, vault)
    return view.model_copy(update={
        "citations": end.citations, "links": end.links, "outcome": end.outcome, "thumbs": answer.thumbs,
        "mailed": answer.mailed,
    })  # fmt: skip


def wish(sender: Sender, address: str | None) -> MailWish | None:
    """Where the sender wants an answer that has to wait; counted when it is promised."""
    return None if address is None else MailWish(address, partial(sender.leaves, address))


def followed(conversation_id: str, accepted: Accepted) -> TurnAccepted:
    """Where the client follows the turn that answers."""
    url = stream_url(conversation_id, accepted.turn_id, accepted.after)
    return TurnAccepted(turn_id=accepted.turn_id, stream_url=url)


def card_view(card: Card) -> CardView:
    """A card for the API."""
    return CardView(
        turn_id=card.turn_id, kind=card.kind, tool=card.tool, summary=card.summary, digest=card.digest,
        money_moved=card.money_moved, expires_at=card.expires_at, texts=card.texts,
    )  # fmt: skip
