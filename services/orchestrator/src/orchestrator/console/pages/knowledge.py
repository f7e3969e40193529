"""Knowledge: how the index stands, what is past its time, how its sources went; and what customers asked in vain."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from starlette.requests import Request

from orchestrator.api.deps import CONSOLE_SCOPE
from orchestrator.api.gaps import GapDeskDep
from orchestrator.console.guarding import RoomDep, Visitor, Watcher, check_scope
from orchestrator.console.knowledge import KnowledgeBooks, open_gaps
from orchestrator.console.navigation import Page
from orchestrator.console.views import show


async def _books(request: Request) -> KnowledgeBooks:
    books: KnowledgeBooks = request.app.state.knowledge_books
    return books


def _routes(router: APIRouter) -> None:
    @router.get("/knowledge")
    async def knowledge(session: Visitor, room: RoomDep, books: Annotated[KnowledgeBooks, Depends(_books)]) -> Response:
        """How it stands; the questions follow, because grouping them may take a moment."""
        check_scope(session.caller, CONSOLE_SCOPE)
        return show(room, session, "knowledge.html", KNOWLEDGE, state=await books.state())

    @router.get("/knowledge/gaps")
    async def gaps(session: Watcher, room: RoomDep, gap_desk: GapDeskDep) -> Response:
        """The questions without a good answer, which the page fetches by itself."""
        check_scope(session.caller, CONSOLE_SCOPE)
        found = await open_gaps(gap_desk, session.caller.site)
        return show(room, session, "knowledge_gaps.html", KNOWLEDGE, found=found)


KNOWLEDGE = Page("knowledge", "/knowledge", "Knowledge", CONSOLE_SCOPE, _routes)
