"""Signing out: our session has ended, and the browser goes on to the organisation's provider, which ends its own
(OpenID Connect RP-Initiated Logout 1.0).
"""

import hmac
import secrets

from fastapi import Request
from fastapi.responses import Response

from orchestrator.console.guarding import SIGN_IN, ConsoleRoom, back_to
from orchestrator.console.navigation import PREFIX
from orchestrator.console.oidc.begun import LIFE_S
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

#: Where the provider sends the browser back; registered there.
SIGNED_OUT = f"{PREFIX}/signed-out"
#: The cookie by which it is known again.
LEAVING = "aiguy_console_leaving"
_STILL_IN = f"{SIGN_IN}?left=here"


async def go_on(request: Request, room: ConsoleRoom, issuer: str, id_token: str | None) -> Response:
    """What the browser gets after a session of this issuer has ended, which was opened with this ID token. Where the
    provider cannot be gone to, the person is told that they may still be signed in there.
    """
    if id_token is None:
        return back_to(SIGN_IN)
    provider, state = room.oidc.provider if room.oidc is not None else None, secrets.token_urlsafe(32)
    if provider is None or provider.client.issuer != issuer:
        return back_to(_STILL_IN)
    try:
        address = await provider.sign_out_address(id_token, state)
    except ProblemError as error:
        get_logger().warning("oidc_sign_out_left_out", code=error.code.value)
        return back_to(_STILL_IN)
    if address is None:
        return back_to(_STILL_IN)
    # A page and no redirect: a form leads to this very origin alone (CSP), and who knows where a provider leads on to.
    answer = room.templates.page("leaving.html", address=address)
    answer.set_cookie(
        LEAVING, state, max_age=LIFE_S, path=SIGNED_OUT, httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


def is_ours(state: str, kept: str) -> bool:
    """Whether this is the state that the browser left with."""
    return bool(kept) and hmac.compare_digest(state.encode(), kept.encode())
