"""What the routes get: the caller, whose scope and role were checked, and the desk with everything behind it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from contracts.errors import ProblemCode
from orchestrator.api.disclosing import Disclosure
from orchestrator.api.intake import Intake
from orchestrator.api.waiting import Line
from orchestrator.channels.slack.channel import SlackChannel
from orchestrator.handover.policy import HoursPolicy
from orchestrator.journal.conversations import Conversations
from orchestrator.journal.entries import Codec
from orchestrator.stream.hub import Hub
from orchestrator.tools.callbacks import Callbacks
from orchestrator.tools.catalog import Catalog
from servicekit.admission import gate
from servicekit.auth.claims import Caller, Role
from servicekit.auth.dependencies import authenticate, check_scopes
from servicekit.db.pool import Database
from servicekit.errors import ProblemError

CHAT_SCOPE = "chat:send"
CONSOLE_SCOPE = "console:read"


@dataclass(frozen=True, slots=True)
class Desk:
    """The collaborators of the API; built once by the composition root. `slack` is None where it is off."""

    database: Database
    conversations: Conversations
    codec: Codec
    intake: Intake
    hub: Hub
    catalog: Catalog
    callbacks: Callbacks
    disclosure: Disclosure
    line: Line
    hours: HoursPolicy
    slack: SlackChannel | None = None


async def get_desk(request: Request) -> Desk:
    """The desk of the running service. (Async: a plain function would cost a trip to a thread.)"""
    desk: Desk = request.app.state.desk
    return desk


DeskDep = Annotated[Desk, Depends(get_desk)]


def is_staff(caller: Caller) -> bool:
    """Whether the caller is a member of staff."""
    return caller.role is Role.STAFF


def check_may(caller: Caller, scope: str, refusal: str, may: Callable[[Caller], bool] = is_staff) -> None:
    """Raises 403 INSUFFICIENT_SCOPE, or 403 FORBIDDEN with the words of `refusal`, whatever scopes the caller has."""
    check_scopes(caller, frozenset({scope}))
    if not may(caller):
        raise ProblemError(ProblemCode.FORBIDDEN, refusal)


def only(scope: str, refusal: str, may: Callable[[Caller], bool] = is_staff) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency that gives the Caller, who has the scope and who `may`: by default, staff.

    Raises 401, or 403 as `check_may` does.
    """

    async def caller_who_may(request: Request) -> Caller:
        caller = await authenticate(request)
        check_may(caller, scope, refusal, may)
        return caller

    return gate(caller_who_may)


def manages(caller: Caller) -> bool:
    """Staff, and the site itself: a customer asks their site, which knows who they are."""
    return caller.role in (Role.STAFF, Role.SERVICE)


def _is_the_sites_own(caller: Caller) -> bool:
    """A subject that another issuer gave to its staff may be a customer's at the tool services."""
    return caller.staff_of is None


ChatCaller = Annotated[
    Caller, Depends(only(CHAT_SCOPE, "Who signs in with staff cannot chat as a customer.", _is_the_sites_own))
]
