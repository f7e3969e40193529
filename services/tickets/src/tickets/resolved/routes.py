"""The internal routes: `POST /internal/tickets/{number}/resolve` and `POST /internal/tickets/resolved-search`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from starlette.requests import Request

from contracts.base import ContractModel
from contracts.errors import ProblemCode
from contracts.resolved import (
    MAX_RESOLUTION,
    RESOLVE_SCOPE,
    RESOLVED_PATH,
    RESOLVED_SCOPE,
    ResolvedFound,
    ResolvedQuery,
)
from contracts.text import WRITTEN
from servicekit import audit
from servicekit.auth.claims import Caller, Role
from servicekit.auth.dependencies import require
from servicekit.context import kit_of
from servicekit.encoding import digest_of
from servicekit.errors import ProblemError
from servicekit.openapi import BEARER, json_body, problem_responses
from servicekit.sealing.subjects import SubjectKeys
from servicekit.telemetry.current import request_context
from servicekit.tool_router.body import read_model
from tickets.resolved.port import ResolvedTickets
from tickets.resolved.resolving import resolve

_RESOLVES = require(RESOLVE_SCOPE)
_SEARCHES = require(RESOLVED_SCOPE)
_STATUSES = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503, 504)
_WRONG = "Some fields are missing or wrong."
Number = Annotated[str, Path(pattern=r"^#?[A-Za-z0-9-]{1,32}$")]


class ResolveRequest(ContractModel):
    """What support answered, in words that could be shown to another customer with the same question."""

    resolution: str = Field(min_length=1, max_length=MAX_RESOLUTION, pattern=WRITTEN)


class Resolved(ContractModel):
    """The ticket after the call."""

    number: str
    status: str
    resolved_at: datetime


async def _may_resolve(request: Request) -> Caller:
    return _not_a_customer(await _RESOLVES(request))


async def _may_search(request: Request) -> Caller:
    return _not_a_customer(await _SEARCHES(request))


def _not_a_customer(caller: Caller) -> Caller:
    if caller.role not in (Role.STAFF, Role.SERVICE):
        raise ProblemError(ProblemCode.FORBIDDEN, "Only staff and services may do this.")
    return caller


def resolved_router(resolved: ResolvedTickets, keys: SubjectKeys) -> APIRouter:
    """The routes, over the place where resolved tickets are looked for."""
    router = APIRouter(tags=["resolved tickets"], responses=problem_responses(_STATUSES))

    @router.post(
        "/internal/tickets/{number}/resolve",
        summary="Resolve a ticket with the words that answered it. The same words again change nothing.",
        openapi_extra={"requestBody": json_body(ResolveRequest), "security": BEARER},
    )
    async def resolve_ticket(
        request: Request, number: Number, caller: Annotated[Caller, Depends(_may_resolve)]
    ) -> Resolved:
        asked, kit, context = await read_model(request, ResolveRequest, _WRONG), kit_of(request), request_context()
        now = kit.clock.now()
        async with kit.db.transaction() as connection:
            done = await resolve(connection, keys, number, asked.resolution, caller.subject, now)
            await audit.record(
                connection, caller=caller, tool="resolve_ticket", outcome="ok", now=now,
                arguments_digest=digest_of({"number": number, "resolution": asked.resolution}),
                request_id=context.request_id if context else "",
            )  # fmt: skip
        return Resolved(number=done.number, status=done.status, resolved_at=done.resolved_at)

    @router.post(
        RESOLVED_PATH,
        summary="Resolved tickets about a question: what support answered, without personal data.",
        openapi_extra={"requestBody": json_body(ResolvedQuery), "security": BEARER},
    )
    async def resolved_search(request: Request, _: Annotated[Caller, Depends(_may_search)]) -> ResolvedFound:
        asked = await read_model(request, ResolvedQuery, _WRONG)
        return ResolvedFound(tickets=await resolved.search(kit_of(request).db, asked.query, asked.limit))

    return router
