"""Signing in with a staff token that the site, or its staff's own issuer, has signed."""

from dataclasses import replace

from contracts.errors import ProblemCode
from orchestrator.api.auditing import record_step
from orchestrator.api.deps import CONSOLE_SCOPE, Desk, is_staff
from orchestrator.console.guarding import ConsoleRoom
from orchestrator.console.roles import ALL_SCOPES, actor_of
from servicekit.auth.claims import Caller
from servicekit.errors import ProblemError


async def sign_in_with_token(desk: Desk, room: ConsoleRoom, token: str) -> str:
    """A session for who the token names; its cookie's value. The token's scopes are what they may do, for as long as
    the session lasts.

    Raises UNAUTHENTICATED or TOKEN_EXPIRED for a token that is not good, and FORBIDDEN for one that is no staff's.
    """
    caller = await room.verifier.verify(token.strip())
    return await begin_session(desk, room, caller, caller.token_id)


async def begin_session(
    desk: Desk, room: ConsoleRoom, caller: Caller, proof: str, id_token: str | None = None
) -> str:  # fmt: skip
    """A session for a verified person, audited; raises FORBIDDEN for one who has no role at the console. See
    `Sessions.open`.
    """
    if not is_staff(caller) or CONSOLE_SCOPE not in caller.scopes:
        raise ProblemError(ProblemCode.FORBIDDEN, "This sign-in has no role at the console.")
    scopes = caller.scopes & ALL_SCOPES
    known = replace(caller, scopes=scopes, actor=actor_of(scopes))
    async with desk.database.transaction() as db:
        cookie = await room.sessions.open(db, known, proof, id_token)
        await record_step(db, desk, known, "console_sign_in", {})
    return cookie
