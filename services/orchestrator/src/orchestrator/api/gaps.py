"""Knowledge gaps: what staff see of questions without a good answer. A customer's token opens none of it."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request

from contracts.errors import ProblemCode
from contracts.ids import TurnId
from orchestrator.api.deps import DeskDep
from orchestrator.api.gap_models import GapDismissal, GapDismissed, GapList, GapQuery, GapView, NearestPage
from orchestrator.api.rating import allowance
from orchestrator.gaps.listing import GapDesk, ListedGap
from orchestrator.gaps.outline import page_to_extend, variants
from orchestrator.gaps.policy import GapPolicy
from orchestrator.gaps.store import dismiss
from servicekit import audit
from servicekit.auth.claims import Caller, Role
from servicekit.auth.dependencies import require
from servicekit.encoding import digest_of
from servicekit.errors import ProblemError
from servicekit.openapi import SECURED, problem_responses
from servicekit.telemetry.current import request_context

READ_SCOPE = "console:read"
CURATE_SCOPE = "knowledge:curate"


async def _reader(caller: Annotated[Caller, Depends(require(READ_SCOPE))]) -> Caller:
    return _staff(caller)


async def _curator(caller: Annotated[Caller, Depends(require(CURATE_SCOPE))]) -> Caller:
    return _staff(caller)


def _staff(caller: Caller) -> Caller:
    if caller.role is not Role.STAFF:
        raise ProblemError(ProblemCode.FORBIDDEN, "Only staff may see knowledge gaps.")
    return caller


async def _gap_desk(request: Request) -> GapDesk:
    desk: GapDesk = request.app.state.gaps
    return desk


GapDeskDep = Annotated[GapDesk, Depends(_gap_desk)]


def gaps_router() -> APIRouter:
    """Routes of knowledge gaps."""
    router = APIRouter(
        prefix="/api/agent/knowledge", tags=["knowledge"], responses=problem_responses(),
        dependencies=[Depends(allowance("staff"))],
    )  # fmt: skip

    @router.get("/gaps", openapi_extra=SECURED)
    async def gaps(
        _: Annotated[Caller, Depends(_reader)], gap_desk: GapDeskDep, asked: Annotated[GapQuery, Query()]
    ) -> GapList:
        """Questions that had no good answer, grouped, each with a drafted article where support answered before."""
        found = await gap_desk.listing(asked.since, asked.limit)
        return GapList(
            gaps=tuple(_view(one, gap_desk.policy) for one in found.gaps), further=found.further, noise=found.noise
        )

    @router.post("/gaps/{gap_id}/dismiss", openapi_extra=SECURED)
    async def dismiss_gap(
        gap_id: TurnId, body: GapDismissal, caller: Annotated[Caller, Depends(_curator)], desk: DeskDep,
        gap_desk: GapDeskDep,
    ) -> GapDismissed:  # fmt: skip
        """Hide a group: it is no gap, or nobody will write about it. The same again changes nothing."""
        now, context = gap_desk.clock.now(), request_context()
        async with desk.database.transaction() as db:
            conversation = await desk.conversations.by_turn(db, gap_id)
            if conversation is None:
                raise ProblemError(ProblemCode.NOT_FOUND, "There is no such gap.")
            if await dismiss(db, conversation, gap_id, caller.subject, body.note, now):
                await audit.record(
                    db, caller=caller, tool="dismiss_gap", outcome="ok", now=now,
                    arguments_digest=digest_of({"gap_id": gap_id, "note": body.note}),
                    request_id=context.request_id if context else "",
                )  # fmt: skip
        return GapDismissed(gap_id=gap_id, dismissed=True)

    return router


def _view(listed: ListedGap, policy: GapPolicy) -> GapView:
    group, label = listed.group, listed.group.label
    page = None
    if label.page_title:
        extend = page_to_extend(group, policy) is not None
        page = NearestPage(title=label.page_title, url=label.page_url, extend=extend)
    return GapView(
        gap_id=group.id, question=label.text, variants=variants(group), count=len(group.questions),
        customers=group.customers, first_asked=group.questions[0].asked_at, last_asked=group.last_asked,
        reasons=dict(Counter(one.reason.value for one in group.questions)),
        channels=tuple(sorted({one.channel for one in group.questions})), strength=label.strength, cover=label.cover,
        nearest=page, tickets=listed.tickets, outline=listed.outline, outline_missing=listed.missing,
    )  # fmt: skip
