"""Authentication as FastAPI dependencies: `caller: Annotated[Caller, Depends(require("orders.read_own"))]`."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from contracts.errors import ProblemCode
from servicekit.admission import gate
from servicekit.auth.claims import Caller, unauthenticated
from servicekit.context import kit_of
from servicekit.errors import ProblemError
from servicekit.ratelimit import peer_key


async def authenticate(request: Request) -> Caller:
    """The caller of a request, verified once per request. Raises ProblemError(UNAUTHENTICATED | TOKEN_EXPIRED)."""
    found: Caller | ProblemError | None = getattr(request.state, "caller", None)
    if found is None:
        try:
            found = await kit_of(request).verifier.verify(bearer_token(request))
        except ProblemError as error:
            found = error
        request.state.caller = found
    if isinstance(found, ProblemError):
        raise found
    return found


CallerDep = Annotated[Caller, Depends(authenticate)]


def require(*scopes: str) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency that gives the Caller, who has all of `scopes`. Raises 401, or 403 INSUFFICIENT_SCOPE."""
    needed = frozenset(scopes)

    async def caller_with_scopes(request: Request) -> Caller:
        caller = await authenticate(request)
        check_scopes(caller, needed)
        return caller

    return gate(caller_with_scopes)


def check_scopes(caller: Caller, needed: frozenset[str]) -> None:
    """Raises ProblemError(INSUFFICIENT_SCOPE) when the caller lacks one of `needed`."""
    if not needed <= caller.scopes:
        names = ", ".join(sorted(needed))
        raise ProblemError(ProblemCode.INSUFFICIENT_SCOPE, f"This needs the scope {names}.")


def bearer_token(request: Request) -> str:
    """The token of the one Authorization header. Raises ProblemError(UNAUTHENTICATED)."""
    values = request.headers.getlist("authorization")
    if len(values) != 1:
        raise unauthenticated("Send one Authorization header with a bearer token.")
    scheme, _, token = values[0].partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthenticated("Send one Authorization header with a bearer token.")
    return token.strip()


async def rate_key(request: Request) -> str:
    """Whose limit a request counts against: its token's subject, else its address."""
    try:
        caller = await authenticate(request)
    except ProblemError:
        return peer_key(request)
    return f"sub:{caller.issuer}:{caller.subject}"
