"""A conversation: the thread beside the steps of its turns; taking over, answering, notes, handing back, revealing."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from contracts.ids import ConversationId, new_id
from orchestrator.api import staff_steps as steps
from orchestrator.api.auditing import record_step
from orchestrator.api.deps import CONSOLE_SCOPE, Desk, DeskDep
from orchestrator.api.staff import RoomDep as StaffRoomDep
from orchestrator.console.dossier import Dossier, open_dossier
from orchestrator.console.forms import DraftForm, HandbackForm, MessageForm, NoteForm, SignedForm
from orchestrator.console.guarding import ConsoleRoom, RoomDep, Visitor, Watcher, back_to, check_scope, written
from orchestrator.console.navigation import PREFIX, Page
from orchestrator.console.pages.macros import MacroDeskDep
from orchestrator.console.sessions import Session
from orchestrator.console.views import show
from orchestrator.journal.staff import conversation_of_site

_PATH = "/conversations/{conversation_id}"
Seen = Annotated[str, Query(max_length=16, pattern=r"^[0-9a-f]*$")]
Bare = Annotated[SignedForm, Depends(written(SignedForm))]


def _routes(router: APIRouter) -> None:
    _reading(router)
    _answering(router)
    _revealing(router)


def _reading(router: APIRouter) -> None:
    @router.get(_PATH)
    async def conversation(conversation_id: ConversationId, session: Visitor, desk: DeskDep, room: RoomDep) -> Response:
        """The page. That somebody looked is audited."""
        dossier = await _opened(desk, session, conversation_id, audited=True)
        return show(
            room, session, "conversation.html", CONVERSATION, dossier=dossier, message_id=new_id("msg"),
        )  # fmt: skip

    @router.get(f"{_PATH}/live")
    async def live(
        conversation_id: ConversationId, session: Watcher, desk: DeskDep, room: RoomDep, seen: Seen = ""
    ) -> Response:
        """Thread and steps alone, which the page fetches every few seconds; 204 when they are as `seen`."""
        dossier = await _opened(desk, session, conversation_id)
        if dossier.digest == seen:
            return Response(status_code=204)
        answer = show(room, session, "conversation_live.html", CONVERSATION, dossier=dossier)
        # What fits the last question may be something else now.
        answer.headers["hx-trigger-after-settle"] = "conversation-changed"
        return answer

    @router.get(f"{_PATH}/macros")
    async def macros(
        conversation_id: ConversationId, session: Watcher, desk: DeskDep, room: RoomDep, macro_desk: MacroDeskDep
    ) -> Response:
        """The macros that fit the last question, which the page fetches by itself."""
        check_scope(session.caller, steps.ANSWER_SCOPE)
        async with desk.database.primary() as db:
            conversation = await conversation_of_site(db, desk.conversations, conversation_id, session.caller.site)
            offers = await macro_desk.offers(db, conversation, revealed=session.revealed == conversation_id)
        return show(
            room, session, "conversation_macros.html", CONVERSATION, offers=offers, conversation_id=conversation_id,
            names_hidden=session.revealed != conversation_id,
        )  # fmt: skip


def _answering(router: APIRouter) -> None:
    @router.post(f"{_PATH}/takeover")
    async def take_over(
        conversation_id: ConversationId, _: Bare, session: Visitor, desk: DeskDep, staff: StaffRoomDep
    ) -> Response:
        """Step in."""
        await steps.take_over(desk, staff, session.caller, conversation_id)
        return _back(conversation_id)

    @router.post(f"{_PATH}/messages")
    async def answer(
        conversation_id: ConversationId, form: Annotated[MessageForm, Depends(written(MessageForm))], session: Visitor,
        desk: DeskDep, staff: StaffRoomDep,
    ) -> Response:  # fmt: skip
        """Say something to the customer."""
        await steps.write_message(desk, staff, session.caller, conversation_id, form.message_id, form.text, form.used)
        return _back(conversation_id)

    @router.post(f"{_PATH}/draft")
    async def send_draft(
        conversation_id: ConversationId, form: Annotated[DraftForm, Depends(written(DraftForm))], session: Visitor,
        desk: DeskDep, staff: StaffRoomDep,
    ) -> Response:  # fmt: skip
        """Send what the assistant drafted, as it is or edited."""
        await steps.send_draft(desk, staff, session.caller, conversation_id, form.turn_id, form.text)
        return _back(conversation_id)

    @router.post(f"{_PATH}/notes")
    async def note(
        conversation_id: ConversationId, form: Annotated[NoteForm, Depends(written(NoteForm))], session: Visitor,
        desk: DeskDep, staff: StaffRoomDep,
    ) -> Response:  # fmt: skip
        """Leave a note for colleagues."""
        await steps.leave_note(desk, staff, session.caller, conversation_id, form.note)
        return _back(conversation_id)

    @router.post(f"{_PATH}/handback")
    async def give_back(
        conversation_id: ConversationId, form: Annotated[HandbackForm, Depends(written(HandbackForm))],
        session: Visitor, desk: DeskDep, staff: StaffRoomDep,
    ) -> Response:  # fmt: skip
        """Let the assistant go on."""
        await steps.give_back(desk, staff, session.caller, conversation_id, form.note)
        return _back(conversation_id)


def _revealing(router: APIRouter) -> None:
    @router.post(f"{_PATH}/reveal")
    async def reveal(
        conversation_id: ConversationId, _: Bare, session: Visitor, desk: DeskDep, room: RoomDep
    ) -> Response:
        """Show the personal data of this conversation for some minutes: what `staff_read` lets one read is audited."""
        await steps.read_conversation(desk, session.caller, conversation_id)
        await _set_revealed(desk, room, session, conversation_id, "console_reveal")
        return _back(conversation_id)

    @router.post(f"{_PATH}/hide")
    async def hide(
        conversation_id: ConversationId, _: Bare, session: Visitor, desk: DeskDep, room: RoomDep
    ) -> Response:
        """Mask personal data again."""
        await _set_revealed(desk, room, session, None, "console_hide", of=conversation_id)
        return _back(conversation_id)


CONVERSATION = Page("conversation", "/conversations", "", CONSOLE_SCOPE, _routes)


async def _opened(desk: Desk, session: Session, conversation_id: str, *, audited: bool = False) -> Dossier:
    check_scope(session.caller, CONSOLE_SCOPE)
    revealed = session.revealed == conversation_id and steps.ANSWER_SCOPE in session.caller.scopes
    async with desk.database.transaction() as db:
        dossier = await open_dossier(db, desk, session.caller, conversation_id, revealed=revealed)
        if audited:
            about = {"conversation_id": conversation_id}
            await record_step(db, desk, session.caller, "console_read", about, relaxed=True)
    return dossier


async def _set_revealed(
    desk: Desk, room: ConsoleRoom, session: Session, conversation_id: str | None, step: str, *, of: str = ""
) -> None:
    async with desk.database.transaction() as db:
        await room.sessions.reveal(db, session, conversation_id)
        await record_step(db, desk, session.caller, step, {"conversation_id": conversation_id or of})


def _back(conversation_id: str) -> Response:
    return back_to(f"{PREFIX}/conversations/{conversation_id}")
