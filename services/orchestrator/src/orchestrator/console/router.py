"""The routes of the console: its door, its files, and those of each page."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from contracts.errors import ProblemCode
from orchestrator.api.auditing import record_step
from orchestrator.api.deps import DeskDep
from orchestrator.api.rating import allowance
from orchestrator.console.forms import DemoForm, SignedForm, TokenForm, checked, fields_of
from orchestrator.console.guarding import (
    ConsoleRoom,
    ConsoleRoute,
    RoomDep,
    Visitor,
    back_to,
    check_same_site,
    door_page,
    found_session,
    written,
)
from orchestrator.console.navigation import PREFIX, Page
from orchestrator.console.oidc.leaving import go_on
from orchestrator.console.oidc.routes import oidc_routes
from orchestrator.console.pages import PAGES
from orchestrator.console.rendering import STATIC
from orchestrator.console.sessions import COOKIE
from orchestrator.console.signing_in import sign_in_with_token
from servicekit.errors import ProblemError

HOME = f"{PREFIX}/inbox"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".txt": "text/plain"}
Asset = Literal["htmx.min.js", "htmx.LICENSE.txt", "console.js", "console.css"]
DemoPerson = Literal["kim", "lee"]


def console_router(pages: Sequence[Page] = PAGES) -> APIRouter:
    """Everything below `/console`."""
    router = APIRouter(
        prefix=PREFIX, route_class=ConsoleRoute, include_in_schema=False, dependencies=[Depends(allowance("staff"))]
    )

    @router.get("")
    async def home() -> Response:
        """To where the work is."""
        return back_to(HOME)

    @router.get("/static/{name}")
    async def static(name: Asset) -> FileResponse:
        """The console's own files; their address changes with them."""
        file = STATIC / name
        return FileResponse(
            file, media_type=_TYPES[file.suffix], headers={"cache-control": "public, max-age=86400, immutable"}
        )

    _door(router)
    oidc_routes(router, _entered)
    for page in pages:
        page.routes(router)
    return router


def _door(router: APIRouter) -> None:
    @router.get("/sign-in")
    async def door(
        request: Request, room: RoomDep, as_: Annotated[DemoPerson | None, Query(alias="as")] = None,
        left: Literal["here"] | None = None,
    ) -> Response:  # fmt: skip
        """Where staff sign in; with the demo also as one of its people."""
        if await found_session(request, seen=False) is not None:
            return back_to(HOME)
        return door_page(room, as_ or "", left or "")

    @router.post("/sign-in")
    async def enter(request: Request, desk: DeskDep, room: RoomDep) -> Response:
        """With a staff token."""
        check_same_site(request)
        form = checked(TokenForm, await fields_of(request))
        return _entered(request, room, await sign_in_with_token(desk, room, form.token))

    @router.post("/sign-in/demo")
    async def enter_demo(request: Request, desk: DeskDep, room: RoomDep) -> Response:
        """As a demo person; without the demo there is no such page."""
        check_same_site(request)
        form = checked(DemoForm, await fields_of(request))
        if room.demo_token is None:
            raise ProblemError(ProblemCode.NOT_FOUND, "There is no demo here.")
        return _entered(request, room, await sign_in_with_token(desk, room, room.demo_token(form.who)))

    @router.post("/sign-out")
    async def leave(
        _: Annotated[SignedForm, Depends(written(SignedForm))], request: Request, session: Visitor, desk: DeskDep,
        room: RoomDep,
    ) -> Response:  # fmt: skip
        """The session ends at once, wherever its cookie is; who came from a provider goes on there."""
        async with desk.database.transaction() as db:
            id_token = await room.sessions.end(db, session)
            await record_step(db, desk, session.caller, "console_sign_out", {})
        answer = await go_on(request, room, session.caller.issuer, id_token)
        answer.delete_cookie(COOKIE, path=PREFIX, httponly=True, samesite="lax")
        return answer


def _entered(request: Request, room: ConsoleRoom, cookie: str) -> RedirectResponse:
    answer = back_to(HOME)
    answer.set_cookie(
        COOKIE, cookie, max_age=room.sessions.life_s, path=PREFIX, httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer
