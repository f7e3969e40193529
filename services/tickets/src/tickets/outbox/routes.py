"""The internal route `POST /internal/mails/outcome`: what became of a message that another service had sent."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request

from contracts.errors import ProblemCode
from contracts.mails import OUTCOME_PATH, OUTCOME_SCOPE, MailOutcome, MailQuery
from servicekit.auth.claims import Caller, Role
from servicekit.auth.dependencies import require
from servicekit.context import kit_of
from servicekit.errors import ProblemError
from servicekit.openapi import BEARER, json_body, problem_responses
from servicekit.tool_router.body import read_model
from tickets.outbox import repository

_ASKS = require(OUTCOME_SCOPE)
_STATUSES = (400, 401, 403, 405, 413, 415, 422, 429, 500, 503, 504)
_WRONG = "Some fields are missing or wrong."


async def _may_ask(request: Request) -> Caller:
    caller = await _ASKS(request)
    if caller.role not in (Role.STAFF, Role.SERVICE):
        raise ProblemError(ProblemCode.FORBIDDEN, "Only staff and services may do this.")
    return caller


def mails_router() -> APIRouter:
    """The route; it tells how a message ended, and nothing of what is in it."""
    router = APIRouter(tags=["mails"], responses=problem_responses(_STATUSES))

    @router.post(
        OUTCOME_PATH,
        summary="What became of an e-mail: it waits, was sent, or was refused and given up.",
        openapi_extra={"requestBody": json_body(MailQuery), "security": BEARER},
    )
    async def outcome(request: Request, _: Annotated[Caller, Depends(_may_ask)]) -> MailOutcome:
        asked = await read_model(request, MailQuery, _WRONG)
        async with kit_of(request).db.primary() as connection:
            return await repository.outcome(connection, asked.message_id)

    return router
