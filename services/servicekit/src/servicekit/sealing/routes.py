"""The internal routes of each service that keeps what belongs to people: export and erasure of one person."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request

from contracts.errors import ProblemCode
from contracts.privacy import (
    ERASE_PATH,
    EXPORT_PATH,
    PRIVACY_SCOPE,
    PersonAsked,
    PrivacyErased,
    PrivacyExport,
    PrivacyRecord,
)
from servicekit import audit
from servicekit.auth.claims import Caller, Role
from servicekit.auth.dependencies import require
from servicekit.context import kit_of
from servicekit.db.pool import Connection
from servicekit.encoding import digest_of
from servicekit.errors import ProblemError
from servicekit.openapi import BEARER, json_body, problem_responses
from servicekit.sealing.people import People
from servicekit.telemetry.current import request_context
from servicekit.tool_router.body import read_model

_MANAGES = require(PRIVACY_SCOPE)
_STATUSES = (400, 401, 403, 405, 413, 415, 422, 429, 500, 503, 504)
_WRONG = "Some fields are missing or wrong."


async def _may_manage(request: Request) -> Caller:
    caller = await _MANAGES(request)
    if caller.role is not Role.SERVICE:
        raise ProblemError(ProblemCode.FORBIDDEN, "Only services may do this.")
    return caller


def privacy_router(people: People) -> APIRouter:
    """Both routes over what the service keeps. The audit record names the person by their hash only."""
    router = APIRouter(tags=["privacy"], responses=problem_responses(_STATUSES))

    async def recorded(db: Connection, request: Request, caller: Caller, what: str, subject: str) -> None:
        context = request_context()
        await audit.record(
            db, caller=caller, tool=what, outcome="ok", now=kit_of(request).clock.now(),
            arguments_digest=digest_of({"person": people.keys.name(subject)}),
            request_id=context.request_id if context else "",
        )  # fmt: skip

    @router.post(
        EXPORT_PATH,
        summary="Everything that this service keeps of a person, in clear.",
        openapi_extra={"requestBody": json_body(PersonAsked), "security": BEARER},
    )
    async def privacy_export(request: Request, caller: Annotated[Caller, Depends(_may_manage)]) -> PrivacyExport:
        asked = await read_model(request, PersonAsked, _WRONG)
        async with kit_of(request).db.transaction() as connection:
            found = await people.export(connection, asked.subject)
            await recorded(connection, request, caller, "privacy_export", asked.subject)
        records = (PrivacyRecord(kind=one.kind, id=one.id, at=one.at, fields=one.fields) for one in found)
        return PrivacyExport(records=tuple(records))

    @router.post(
        ERASE_PATH,
        summary="Erase what this service keeps of a person. What must be kept, and why, is in the answer.",
        openapi_extra={"requestBody": json_body(PersonAsked), "security": BEARER},
    )
    async def privacy_erase(request: Request, caller: Annotated[Caller, Depends(_may_manage)]) -> PrivacyErased:
        asked = await read_model(request, PersonAsked, _WRONG)
        async with kit_of(request).db.transaction() as connection:
            done = await people.erase(connection, caller.issuer, asked.subject)
            await recorded(connection, request, caller, "privacy_erase", asked.subject)
        if people.elsewhere is not None:
            done = done.with_more(await people.elsewhere(kit_of(request).db, asked.subject))
        return PrivacyErased(erased=done.erased, kept=done.kept)

    return router
