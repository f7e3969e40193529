"""`GET /console/sign-in/oidc` leads to the organisation's provider; `…/callback` is where it sends the browser back, as
`GET /console/signed-out` is after somebody has signed out there.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from contracts.errors import ProblemCode
from orchestrator.api.deps import DeskDep
from orchestrator.console.guarding import SIGN_IN, ConsoleRoom, RoomDep, back_to, door_page
from orchestrator.console.oidc.begun import LIFE_S, begin, take
from orchestrator.console.oidc.leaving import LEAVING, SIGNED_OUT, is_ours
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
        found = await sign_in.provider.signed_in(code, begun.verifier, begun.nonce)
        caller = sign_in.caller(found.claims)
        answer = entered(request, room, await begin_session(desk, room, caller, begun.nonce, found.id_token))
        answer.delete_cookie(BROWSER, path=SIGN_IN, httponly=True, samesite="lax")
        return answer

    @router.get("/signed-out")
    async def signed_out(request: Request, room: RoomDep, state: Told = "") -> Response:
        """Back from the provider, where somebody has signed out too. Nothing is done here: whoever comes, is told."""
        if not is_ours(state, request.cookies.get(LEAVING, "")):
            return back_to(SIGN_IN)
        answer = door_page(room, left="everywhere")
        answer.delete_cookie(LEAVING, path=SIGNED_OUT, httponly=True, samesite="lax")
        return answer


def _of(room: ConsoleRoom) -> OidcSignIn:
    if room.oidc is None:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no such sign-in here.")
    return room.oidc
