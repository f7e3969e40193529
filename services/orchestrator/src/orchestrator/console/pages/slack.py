"""Slack: a one-time code with which who looks at it becomes themselves there, too."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from contracts.errors import ProblemCode
from orchestrator.api.deps import CONSOLE_SCOPE, DeskDep
from orchestrator.channels.slack.inviting import invite
from orchestrator.channels.slack.links import CODE_S, Links
from orchestrator.console.forms import SignedForm
from orchestrator.console.guarding import RoomDep, Visitor, check_scope, written
from orchestrator.console.navigation import Page
from orchestrator.console.views import show
from servicekit.errors import ProblemError


def _routes(router: APIRouter) -> None:
    @router.get("/slack")
    async def slack(request: Request, session: Visitor, room: RoomDep) -> Response:
        """What connecting does, and the button."""
        check_scope(session.caller, CONSOLE_SCOPE)
        return show(room, session, "slack.html", SLACK, on=_links(request) is not None, code="", minutes=CODE_S // 60)

    @router.post("/slack")
    async def ask(
        _: Annotated[SignedForm, Depends(written(SignedForm))], request: Request, session: Visitor, desk: DeskDep,
        room: RoomDep,
    ) -> Response:  # fmt: skip
        """A code; it stands on this page alone, and nowhere when the page is left."""
        check_scope(session.caller, CONSOLE_SCOPE)
        links = _links(request)
        if links is None:
            raise ProblemError(ProblemCode.NOT_FOUND, "Slack is not connected here.")
        code = await invite(desk, links, session.caller)
        return show(room, session, "slack.html", SLACK, on=True, code=code, minutes=CODE_S // 60)


SLACK = Page("slack", "/slack", "Slack", CONSOLE_SCOPE, _routes)


def _links(request: Request) -> Links | None:
    parts = getattr(request.app.state, "slack", None)
    return None if parts is None else parts.links
