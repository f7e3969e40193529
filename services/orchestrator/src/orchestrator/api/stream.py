"""The live stream of a turn, resumable by Last-Event-ID, and `POST /chat`: a whole turn in one call."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from contracts.errors import ProblemCode
from contracts.ids import ConversationId, TurnId, new_id
from contracts.turn import EndEvent
from orchestrator.api.conversations import card_view
from orchestrator.api.deps import ChatCaller, Desk, DeskDep
from orchestrator.api.models import ChatAnswer, ChatRequest
from orchestrator.journal.cards import card_event, open_cards
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.showing import shown_card, shown_end
from orchestrator.journal.views import owned_turn, turn_view
from orchestrator.stream.frames import EventId, parse_event_id
from orchestrator.stream.sse import Ending, Standing, stream_turn
from servicekit.errors import ProblemError
from servicekit.openapi import SECURED, problem_responses

#: A stream whose turn waits for a person is closed after this; the client resumes when it likes.
STREAM_LIMIT_S = 900.0
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
_CARD = b"\nevent: confirmation\n"


def stream_router() -> APIRouter:
    """Routes of streams."""
    router = APIRouter(tags=["stream"], responses=problem_responses())

    @router.get("/api/agent/stream", response_class=StreamingResponse, openapi_extra=SECURED)
    async def stream(
        conversation_id: Annotated[ConversationId, Query()], turn_id: Annotated[TurnId, Query()], caller: ChatCaller,
        desk: DeskDep, last_event_id: Annotated[str, Header()] = "", after: Annotated[int, Query(ge=0, le=999)] = 0,
    ) -> StreamingResponse:  # fmt: skip
        """The events of a turn (SSE). It always ends with `end` or `error`."""
        conversation, end = await _turn_of(desk, caller, conversation_id, turn_id)
        seen = max(parse_event_id(last_event_id), EventId(after, 0))
        return _sse(_frames(desk, conversation, turn_id, seen, end, STREAM_LIMIT_S))

    @router.post(
        "/chat",
        response_model=ChatAnswer,
        responses={200: {"content": {"text/event-stream": {}}}},
        openapi_extra=SECURED,
    )
    async def chat(
        body: ChatRequest, request: Request, caller: ChatCaller, desk: DeskDep,
        idempotency_key: Annotated[str, Header(pattern=r"^[A-Za-z0-9._:-]{1,64}$")] = "",
    ) -> StreamingResponse | ChatAnswer:  # fmt: skip
        """Send a message and get its answer: SSE or JSON, by `Accept`."""
        async with desk.database.transaction() as db:
            conversation_id = await desk.conversations.create(db, caller, "web", body.session_id)
        client_turn_id = idempotency_key or new_id("msg")
        accepted = await desk.intake.message(caller, conversation_id, body.message, client_turn_id)
        turn_id = accepted.turn_id
        conversation, end = await _turn_of(desk, caller, conversation_id, turn_id)
        frames = _frames(
            desk, conversation, turn_id, EventId(accepted.after, 0), end, desk.intake.settings.chat_limit_s
        )
        if "text/event-stream" in request.headers.get("accept", ""):
            return _sse(frames)
        async for frame in frames:
            if _CARD in frame:
                break
        return await _answer(desk, conversation, turn_id)

    return router


async def _turn_of(
    desk: Desk, caller: ChatCaller, conversation_id: str, turn_id: str
) -> tuple[Conversation, EndEvent | None]:
    if (running := desk.intake.running(caller, conversation_id, turn_id)) is not None:
        return running, None
    async with desk.database.primary() as db:
        found = await owned_turn(db, desk.conversations, conversation_id, turn_id, caller)
    if found is None:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no such turn in a conversation of yours.")
    conversation, view = found
    if view.end is None:
        return conversation, None
    async with desk.database.primary() as db:
        return conversation, shown_end(view.end, await desk.intake.vaults.opened(db, conversation))


def _frames(
    desk: Desk, conversation: Conversation, turn_id: str, after: EventId, end: EndEvent | None, limit_s: float
) -> AsyncIterator[bytes]:
    async def standing() -> Standing:
        try:
            async with desk.database.primary() as db:
                view = await turn_view(db, conversation, turn_id)
                waits = view is not None and view.status == "waiting"
                cards = await open_cards(db, conversation) if waits else []
                vault = await desk.intake.vaults.opened(db, conversation)
        except ProblemError as error:
            if not error.problem.retryable:
                raise
            return Standing()  # the journal cannot be asked just now: the stream keeps alive and asks again
        card = next((card for card in cards if card.turn_id == turn_id), None)
        if view is None or (view.status == "ended" and view.end is None):
            return Standing(erased=True)
        if card is not None:
            return Standing(card=(EventId(view.inputs, 1), card_event(shown_card(card, vault))))
        return Standing(shown_end(view.end, vault) if view.end is not None else None)

    return stream_turn(desk.hub, turn_id, after, Ending(end, standing), limit_s, conversation.sealer)


def _sse(frames: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(frames, media_type="text/event-stream", headers=_HEADERS)


async def _answer(desk: Desk, conversation: Conversation, turn_id: str) -> ChatAnswer:
    async with desk.database.primary() as db:
        view = await turn_view(db, conversation, turn_id)
        vault = await desk.intake.vaults.opened(db, conversation)
        found = [shown_card(card, vault) for card in await open_cards(db, conversation) if card.turn_id == turn_id]
    cards = tuple(map(card_view, found))
    end = shown_end(view.end, vault) if view and view.end else None
    if end is None:
        text = cards[0].summary if cards else "This takes longer than usual. The answer will be in this conversation."
        return ChatAnswer(conversation_id=conversation.id, turn_id=turn_id, text=text, outcome=None, cards=cards)
    return ChatAnswer(
        conversation_id=conversation.id, turn_id=turn_id, text=end.text, outcome=end.outcome, citations=end.citations,
        links=end.links, answering=end.answering,
    )  # fmt: skip
