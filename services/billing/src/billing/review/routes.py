"""The internal routes `POST /internal/refunds/policy`, `…/judged` and `…/sums`; none tells whose a refund is."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request

from billing.refunds.policy import RefundPolicy
from billing.review.judging import approvals_under
from billing.review.rules import edited, rules_of
from billing.review.sums import sums_between
from contracts.errors import ProblemCode
from contracts.refund_rules import (
    JUDGED_PATH,
    RULES_PATH,
    RULES_SCOPE,
    SUMS_PATH,
    Judged,
    JudgedQuery,
    RefundRules,
    RefundSums,
    RulesQuery,
    SumsQuery,
)
from servicekit.auth.claims import Caller, Role
from servicekit.auth.dependencies import require
from servicekit.context import kit_of
from servicekit.errors import ProblemError
from servicekit.openapi import BEARER, json_body, problem_responses
from servicekit.tool_router.body import read_model

_ASKS = require(RULES_SCOPE)
_STATUSES = (400, 401, 403, 405, 413, 415, 422, 429, 500, 503, 504)
_WRONG = "Some fields are missing or wrong."
NO_POLICY = "No policy has these limits: there is one for each tier but the last, and they rise."


async def _may_ask(request: Request) -> Caller:
    caller = await _ASKS(request)
    if caller.role not in (Role.STAFF, Role.SERVICE):
        raise ProblemError(ProblemCode.FORBIDDEN, "Only staff and services may do this.")
    return caller


Asking = Annotated[Caller, Depends(_may_ask)]


def review_router(policy: RefundPolicy) -> APIRouter:
    """The routes, over the policy in force."""
    router = APIRouter(tags=["refunds looked back on"], responses=problem_responses(_STATUSES))

    @router.post(
        RULES_PATH,
        summary="The refund policy in force: what may be edited of it, and its whole text.",
        openapi_extra={"requestBody": json_body(RulesQuery), "security": BEARER},
    )
    async def rules(request: Request, _: Asking) -> RefundRules:
        await read_model(request, RulesQuery, _WRONG)
        return rules_of(policy)

    @router.post(
        JUDGED_PATH,
        summary="How many of staff refunds would have needed under an edited policy.",
        openapi_extra={"requestBody": json_body(JudgedQuery), "security": BEARER},
    )
    async def judged(request: Request, _: Asking) -> Judged:
        asked = await read_model(request, JudgedQuery, _WRONG)
        try:
            other = edited(policy, asked.edit)
        except ValueError:
            return Judged(approvals={}, wrong=NO_POLICY)
        async with kit_of(request).db.read() as db:
            return Judged(approvals=await approvals_under(db, other, asked.refunds))

    @router.post(
        SUMS_PATH,
        summary="What was given back in a time, by currency.",
        openapi_extra={"requestBody": json_body(SumsQuery), "security": BEARER},
    )
    async def sums(request: Request, _: Asking) -> RefundSums:
        asked = await read_model(request, SumsQuery, _WRONG)
        async with kit_of(request).db.read() as db:
            since, until = (datetime.fromtimestamp(one, UTC) for one in (asked.since, asked.until))
            return RefundSums(sums=await sums_between(db, since, until))

    return router
