"""`GET /console/sign-in/oidc` leads to the organisation's provider; `…/callback` is where it sends the browser back."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from contracts.errors import ProblemCode
from orchestrator.api.deps import DeskDep
from orchestrator.console.guarding import SIGN_IN, ConsoleRoom, RoomDep, back_to
from orchestrator.console.oidc.begun import LIFE_S, begin, take
from orchestrator.console.oidc.signing_in import OidcSignIn
from orchestrator.console.signing_in import begin_session
from servicekit.auth.claims import unauthenticated
from servicekit.errors import ProblemError

BROWSER = "aiguy_console_oidc"
_AGAIN = "This sign-in was used before, is too old, or was begun in another browser. Please sign in again."
#: The way into the console with the cookie of a new session.
Entered = Callable[[Request, ConsoleRoom, str], RedirectResponse]
Told = Annotated[str, Query(max_length=2048)]


def oidc_routes(router: APIRouter, entered: Entered) -> None:
    """Adds the routes; where no provider is set up, there are none."""

    @router.get("/sign-in/oidc")
    async def leave(request: Request, desk: DeskDep, room: RoomDep) -> Response:
        """To the provider."""
        sign_in = _of(room)
        async with desk.database.transaction() as db:
            begun = await begin(db)
        answer: RedirectResponse = back_to(await sign_in.provider.address(begun.state, begun.nonce, begun.challenge))
        answer.set_cookie(
            BROWSER, begun.browser, max_age=LIFE_S, path=SIGN_IN, httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return answer

    @router.get("/sign-in/oidc/callback")
    async def come_back(
        request: Request, desk: DeskDep, room: RoomDep, state: Told = "", code: Told = "", error: Told = ""
    ) -> Response:
        """With a code, once."""
        sign_in = _of(room)
        async with desk.database.transaction() as db:
            begun = await take(db, state, request.cookies.get(BROWSER, ""))
        if begun is None:
            raise unauthenticated(_AGAIN)
        if error or not code:
            raise unauthenticated("Your organisation did not sign you in.")
        caller = sign_in.caller(await sign_in.provider.claims(code, begun.verifier, begun.nonce))
        answer = entered(request, room, await begin_session(desk, room, caller, begun.nonce))
        answer.delete_cookie(BROWSER, path=SIGN_IN, httponly=True, samesite="lax")
        return answer


def _of(room: ConsoleRoom) -> OidcSignIn:
    if room.oidc is None:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no such sign-in here.")
    return room.oidc
