"""The live stream of a turn, resumable by Last-Event-ID, and `POST /chat`: a whole turn in one call."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from contracts.errors import ProblemCode
from contracts.ids import ConversationId, TurnId, new_id
from contracts.turn import EndEvent, StatusEvent
from orchestrator.api.conversations import card_view, first_words, wish
from orchestrator.api.deps import ChatCaller, Desk, DeskDep
from orchestrator.api.disclosing import preferred
from orchestrator.api.models import ChatAnswer, ChatRequest
from orchestrator.api.rating import SenderDep, allowance
from orchestrator.api.waiting import masked_address
from orchestrator.journal.cards import Card, card_event, open_cards
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.showing import shown_card, shown_end
from orchestrator.journal.views import TurnView, owned_turn, turn_view
from orchestrator.stream.frames import EventId, encode_event, parse_event_id
from orchestrator.stream.sse import Ending, Standing, stream_turn
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError
from servicekit.openapi import SECURED, problem_responses

#: A stream whose turn waits for a person is closed after this; the client resumes when it likes.
STREAM_LIMIT_S = 900.0
#: What a client of `POST /chat` needs to take up a stream that broke off.
CONVERSATION_HEADER, TURN_HEADER = "x-aiguy-conversation-id", "x-aiguy-turn-id"
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
_CARD = b"\nevent: confirmation\n"


def stream_router() -> APIRouter:
    """Routes of streams."""
    router = APIRouter(tags=["stream"], responses=problem_responses())

    @router.get(
        "/api/agent/stream", response_class=StreamingResponse, openapi_extra=SECURED,
        dependencies=[Depends(allowance("read"))],
    )  # fmt: skip
    async def stream(
        conversation_id: Annotated[ConversationId, Query()], turn_id: Annotated[TurnId, Query()], caller: ChatCaller,
        desk: DeskDep, last_event_id: Annotated[str, Header()] = "", after: Annotated[int, Query(ge=0, le=999)] = 0,
        accept_language: Annotated[str, Header()] = "",
    ) -> StreamingResponse:  # fmt: skip
        """The events of a turn (SSE). It always ends with `end` or `error`."""
        language = preferred(accept_language) or "en"
        conversation, end = await _turn_of(desk, caller, conversation_id, turn_id, language)
        seen = max(parse_event_id(last_event_id), EventId(after, 0))
        return _sse(_frames(desk, conversation, turn_id, seen, end, STREAM_LIMIT_S, language))

    @router.post(
        "/chat",
        response_model=ChatAnswer,
        responses={200: {"content": {"text/event-stream": {}}}},
        openapi_extra=SECURED,
    )
    async def chat(
        body: ChatRequest, request: Request, caller: ChatCaller, desk: DeskDep, sender: SenderDep,
        idempotency_key: Annotated[str, Header(pattern=r"^[A-Za-z0-9._:-]{1,64}$")] = "",
        accept_language: Annotated[str, Header()] = "",
    ) -> StreamingResponse | ChatAnswer:  # fmt: skip
        """Send a message and get its answer: SSE or JSON, by `Accept`. The headers of a stream name its turn."""
        client_turn_id = idempotency_key or new_id("msg")
        mail = wish(sender, body.mail_to)
        door = desk.intake.door.opened(caller, body.session_id, body.message, client_turn_id, left=body.mail_to)
        async with door as way:
            await sender.writes(body.session_id, body.message)
            told = desk.disclosure.text({}, accept_language)
            async with desk.database.primary() as db:
                begun = await desk.conversations.begin(db, caller, "web", body.session_id, told)
                told = await first_words(db, desk, caller, begun, told) if begun.unsaid else ""
            conversation_id = begun.id
            accepted = await desk.intake.let_in(caller, conversation_id, body.message, client_turn_id, way, mail=mail)
        turn_id = accepted.turn_id
        language = preferred(accept_language) or "en"
        conversation, end = await _turn_of(desk, caller, conversation_id, turn_id, language)
        frames = _frames(
            desk, conversation, turn_id, EventId(accepted.after, 0), end, desk.intake.settings.chat_limit_s, language
        )  # fmt: skip
        if "text/event-stream" in request.headers.get("accept", ""):
            names = {CONVERSATION_HEADER: conversation_id, TURN_HEADER: turn_id}
            return _sse(_after_disclosure(frames, told) if told else frames, names)
        async for frame in frames:
            if _CARD in frame:
                break
        answer = await _answer(desk, conversation, turn_id, language)
        return answer.model_copy(update={"disclosure": told})

    return router


async def _turn_of(
    desk: Desk, caller: ChatCaller, conversation_id: str, turn_id: str, language: str
) -> tuple[Conversation, EndEvent | None]:
    """The conversation, and how the stream of the turn ends if that is known: as it has, or with a promised e-mail."""
    if (running := desk.intake.running(caller, conversation_id, turn_id)) is not None:
        return running, None
    async with desk.database.primary() as db:
        found = await owned_turn(db, desk.conversations, conversation_id, turn_id, caller)
        if found is None:
            raise ProblemError(ProblemCode.NOT_FOUND, "There is no such turn in a conversation of yours.")
        conversation, view = found
        if view.later:
            return conversation, desk.line.by_mail(masked_address(conversation, view.mail_to), language)
        ended = view.end is not None
        return conversation, (await _shown(db, desk, conversation, turn_id, view)).end if ended else None


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the customer of a turn sees of it: the card that it waits for, or its end."""

    card: Card | None = None
    end: EndEvent | None = None


async def _shown(db: Connection, desk: Desk, conversation: Conversation, turn_id: str, view: TurnView) -> _Shown:
    """The vault is opened only when there is something to show: a stream asks again and again."""
    cards = await open_cards(db, conversation) if view.status == "waiting" else []
    card = next((card for card in cards if card.turn_id == turn_id), None)
    if card is None and view.end is None:
        return _Shown()
    vault = await desk.intake.vaults.opened(db, conversation)
    return _Shown(card and shown_card(card, vault), view.end and shown_end(view.end, vault))


def _frames(
    desk: Desk, conversation: Conversation, turn_id: str, after: EventId, end: EndEvent | None, limit_s: float,
    language: str,
) -> AsyncIterator[bytes]:  # fmt: skip
    async def standing() -> Standing:
        try:
            async with desk.database.primary() as db:
                view = await turn_view(db, conversation, turn_id)
                if view is None or (view.status == "ended" and view.end is None):
                    return Standing(erased=True)
                shown = await _shown(db, desk, conversation, turn_id, view)
        except ProblemError as error:
            if not error.problem.retryable:
                raise
            return Standing()  # the journal cannot be asked just now: the stream keeps alive and asks again
        card = None if shown.card is None else (EventId(view.inputs, 1), card_event(shown.card))
        waiting = await desk.line.told(turn_id, language) if view.status == "running" else None
        return Standing(shown.end, card=card, waiting=waiting)

    return stream_turn(desk.hub, turn_id, after, Ending(end, standing), limit_s, conversation.sealer)


def _sse(frames: AsyncIterator[bytes], names: Mapping[str, str] = MappingProxyType({})) -> StreamingResponse:
    return StreamingResponse(frames, media_type="text/event-stream", headers={**_HEADERS, **names})


async def _after_disclosure(frames: AsyncIterator[bytes], told: str) -> AsyncIterator[bytes]:
    """It has no id: it is no event of the turn, and a client that resumes has had it."""
    yield encode_event(StatusEvent(state="disclosure", text=told))
    async for frame in frames:
        yield frame


async def _answer(desk: Desk, conversation: Conversation, turn_id: str, language: str) -> ChatAnswer:
    async with desk.database.primary() as db:
        view = await turn_view(db, conversation, turn_id)
        shown = _Shown() if view is None else await _shown(db, desk, conversation, turn_id, view)
    end = shown.end
    if view is not None and view.later:
        end = desk.line.by_mail(masked_address(conversation, view.mail_to), language)
    if end is None:
        cards = () if shown.card is None else (card_view(shown.card),)
        text = cards[0].summary if cards else "This takes longer than usual. The answer will be in this conversation."
        return ChatAnswer(conversation_id=conversation.id, turn_id=turn_id, text=text, outcome=None, cards=cards)
    return ChatAnswer(
        conversation_id=conversation.id, turn_id=turn_id, text=end.text, outcome=end.outcome, citations=end.citations,
        links=end.links, answering=end.answering, mailed_to=end.mailed_to,
    )  # fmt: skip
