"""Rate limits of the public routes, as dependencies: each route names the allowance that it spends."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from orchestrator.guard.human import needs_human
from orchestrator.limits.policy import Allowance
from orchestrator.limits.rates import Origin, Rates
from servicekit.addresses import mailbox
from servicekit.admission import gate
from servicekit.auth.claims import Caller
from servicekit.auth.dependencies import authenticate
from servicekit.errors import ProblemError
from servicekit.ratelimit import assert_all_limited, marked_limited, peer_key

DEVICE_HEADER, DEVICE_COOKIE = "x-aiguy-device", "aiguy_device"
_MAX_DEVICE = 200
_RATED = "__aiguy_allowance__"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a message, from where. The route counts it when it knows what the message says."""

    rates: Rates
    caller: Caller
    origin: Origin

    async def writes(self, conversation_id: str, text: str) -> None:
        """Count a message: one that asks for a person has an allowance of its own. Raises RATE_LIMITED."""
        what: Allowance = "human" if needs_human(text) else "message"
        await self.rates.spend(what, self.origin, self.caller, conversation_id)

    async def leaves(self, address: str) -> None:
        """Count a promise of one e-mail to this address. Raises RATE_LIMITED."""
        await self.rates.spend("mail", self.origin, self.caller, mailbox=mailbox(address))

    async def asks_for_person(self, conversation_id: str) -> None:
        """Count a request for a person. Raises RATE_LIMITED."""
        await self.rates.spend("human", self.origin, self.caller, conversation_id)


def allowance(what: Allowance) -> Callable[[Request], Awaitable[None]]:
    """A dependency that counts a request against an allowance of the policy; raises RATE_LIMITED."""

    async def rate_limit(request: Request) -> None:
        rates: Rates = request.app.state.rates
        caller = await _caller_of(request)
        await rates.spend(what, origin_of(request, caller), caller)

    setattr(rate_limit, _RATED, what)
    return gate(marked_limited(rate_limit))


async def _sender(request: Request) -> Sender:
    caller = await authenticate(request)
    return Sender(request.app.state.rates, caller, origin_of(request, caller))


setattr(_sender, _RATED, "message")
SenderDep = Annotated[Sender, Depends(_sender)]


def assert_all_rated(app: FastAPI) -> None:
    """Raises RuntimeError when a public route names no allowance."""
    assert_all_limited(app, mark=_RATED)


def origin_of(request: Request, caller: Caller | None) -> Origin:
    """The address (that of a proxy we trust does not count, the one that it names does), and the device hint.

    A site that asks in its visitors' place has one address for all of them: there its token says who is where.
    """
    device = request.headers.get(DEVICE_HEADER) or request.cookies.get(DEVICE_COOKIE) or ""
    if caller is not None and caller.client is not None:
        return Origin(f"client:{caller.issuer}|{caller.client}", device[:_MAX_DEVICE])
    return Origin(peer_key(request), device[:_MAX_DEVICE])


async def _caller_of(request: Request) -> Caller | None:
    try:
        return await authenticate(request)
    except ProblemError:
        return None  # it counts against its address, and the route refuses it
