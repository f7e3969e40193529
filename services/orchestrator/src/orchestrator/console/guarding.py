"""The door of each page: who is signed in, whether a form is theirs, and problems as pages for people."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from hmac import compare_digest
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute

from contracts.errors import Problem, ProblemCode, problem
from orchestrator.api.deps import Desk, check_may, get_desk
from orchestrator.console.forms import SignedForm, checked, fields_of
from orchestrator.console.navigation import PREFIX, Link
from orchestrator.console.oidc.signing_in import OidcSignIn
from orchestrator.console.rendering import HEADERS, Templates
from orchestrator.console.sessions import COOKIE, Session, Sessions
from servicekit.auth.claims import Caller, unauthenticated
from servicekit.auth.verification import TokenVerifier
from servicekit.errors import ProblemError
from servicekit.language import LanguageDetector

SIGN_IN = f"{PREFIX}/sign-in"
NEEDS_ROLE = "Your role does not include this. Ask an admin of the console."
Signed = TypeVar("Signed", bound=SignedForm)


@dataclass(frozen=True, slots=True)
class ConsoleRoom:
    """What the console needs besides the desk; built once by the composition root.

    `demo_token` signs a demo person in, and is there with the demo alone; `oidc` with an organisation's provider.
    `sla_s`: how long a customer may wait.
    `links`: the navigation that somebody sees.
    """

    sessions: Sessions
    verifier: TokenVerifier
    templates: Templates
    languages: LanguageDetector
    sla_s: int
    links: Callable[[Caller], list[Link]]
    demo_token: Callable[[str], str] | None = None
    oidc: OidcSignIn | None = None


async def room_of(request: Request) -> ConsoleRoom:
    """The console's collaborators of the running service."""
    room: ConsoleRoom = request.app.state.console
    return room


RoomDep = Annotated[ConsoleRoom, Depends(room_of)]
DeskOf = Annotated[Desk, Depends(get_desk)]


async def found_session(request: Request, *, seen: bool) -> Session | None:
    """The session of the request's cookie, or None."""
    cookie = request.cookies.get(COOKIE, "")
    if not cookie:
        return None
    room, desk = await room_of(request), await get_desk(request)
    async with desk.database.primary() as db:
        return await room.sessions.find(db, cookie, seen=seen)


async def _somebody(request: Request) -> Session:
    return _signed_in(await found_session(request, seen=True))


async def _page_itself(request: Request) -> Session:
    return _signed_in(await found_session(request, seen=False))


def _signed_in(session: Session | None) -> Session:
    if session is None:
        raise unauthenticated("Please sign in.")
    return session


#: Who asks for a page or sends a form. Raises UNAUTHENTICATED.
Visitor = Annotated[Session, Depends(_somebody)]
#: As `Visitor`, for what a page fetches by itself: nobody is there because of that.
Watcher = Annotated[Session, Depends(_page_itself)]


def written(form: type[Signed]) -> Callable[[Request, Session], Awaitable[Signed]]:
    """A dependency that gives the form of somebody who is signed in, sent from a page of their own session.

    Raises UNAUTHENTICATED, FORBIDDEN for a form from elsewhere, and as `forms.checked` does.
    """

    async def signed_form(request: Request, session: Visitor) -> Signed:
        check_same_site(request)
        fields = await fields_of(request)
        if not _same(fields.get("csrf", ""), session.csrf):
            raise ProblemError(ProblemCode.FORBIDDEN, "This form is not of your session. Reload the page, try again.")
        return checked(form, fields)

    return signed_form


def check_same_site(request: Request) -> None:
    """Raises FORBIDDEN for a form that a page of another origin sends, as browsers say it."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ProblemError(ProblemCode.FORBIDDEN, "This form comes from another site.")


def check_scope(caller: Caller, scope: str) -> None:
    """Raises 403, in words for staff."""
    check_may(caller, scope, NEEDS_ROLE)


def back_to(path: str) -> RedirectResponse:
    """After a form: the page that shows what came of it, which can be loaded again."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER, dict(HEADERS))


def door_page(room: ConsoleRoom, suggested: str = "", left: str = "") -> HTMLResponse:
    """The page where staff sign in. `left`: from where they have just signed out, "here" or "everywhere"."""
    return room.templates.page(
        "sign_in.html", demo=room.demo_token is not None, suggested=suggested, oidc=room.oidc is not None, left=left
    )


class ConsoleRoute(APIRoute):
    """A route whose problems are pages; who is not signed in is led to where they can."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, which raises no problem."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except ProblemError as error:
                return await _as_page(request, error.problem)
            except RequestValidationError:
                return await _as_page(request, problem(ProblemCode.NOT_FOUND, "There is no such page."))

        return handled


async def _as_page(request: Request, found: Problem) -> Response:
    by_itself = "hx-request" in request.headers
    if found.status == HTTPStatus.UNAUTHORIZED and not request.url.path.startswith(SIGN_IN):
        if by_itself:
            return Response(status_code=found.status, headers={**HEADERS, "hx-redirect": SIGN_IN})
        if request.method == "GET":
            return back_to(SIGN_IN)
    room = await room_of(request)
    answer = room.templates.page("problem.html", found.status, problem=found)
    if found.retry_after_s is not None:
        answer.headers["retry-after"] = str(max(1, round(found.retry_after_s)))
    return answer


def _same(given: str, wanted: str) -> bool:
    return compare_digest(given.encode(), wanted.encode())
