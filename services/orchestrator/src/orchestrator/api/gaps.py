"""Knowledge gaps: what staff see of questions without a good answer. A customer's token opens none of it."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request

from contracts.errors import ProblemCode
from contracts.ids import TurnId
from orchestrator.api.auditing import record_step
from orchestrator.api.deps import CONSOLE_SCOPE, DeskDep, only
from orchestrator.api.gap_models import GapDismissal, GapDismissed, GapList, GapQuery, GapView, NearestPage
from orchestrator.api.rating import allowance
from orchestrator.gaps.listing import GapDesk, ListedGap
from orchestrator.gaps.outline import page_to_extend, variants
from orchestrator.gaps.policy import GapPolicy
from orchestrator.gaps.store import dismiss
from orchestrator.journal.staff import turn_of_site
from servicekit.auth.claims import Caller
from servicekit.errors import ProblemError
from servicekit.openapi import SECURED, problem_responses

CURATE_SCOPE = "knowledge:curate"
_REFUSAL = "Only staff may see knowledge gaps."


async def _gap_desk(request: Request) -> GapDesk:
    desk: GapDesk = request.app.state.gaps
    return desk


Reader = Annotated[Caller, Depends(only(CONSOLE_SCOPE, _REFUSAL))]
Curator = Annotated[Caller, Depends(only(CURATE_SCOPE, _REFUSAL))]
GapDeskDep = Annotated[GapDesk, Depends(_gap_desk)]


def gaps_router() -> APIRouter:
    """Routes of knowledge gaps."""
    router = APIRouter(
        prefix="/api/agent/knowledge", tags=["knowledge"], responses=problem_responses(),
        dependencies=[Depends(allowance("staff"))],
    )  # fmt: skip

    @router.get("/gaps", openapi_extra=SECURED)
    async def gaps(caller: Reader, gap_desk: GapDeskDep, asked: Annotated[GapQuery, Query()]) -> GapList:
        """Questions that had no good answer, grouped, each with a drafted article where support answered before."""
        found = await gap_desk.listing(caller.site, asked.since, asked.limit)
        return GapList(
            gaps=tuple(_view(one, gap_desk.policy) for one in found.gaps), further=found.further, noise=found.noise
        )

    @router.post("/gaps/{gap_id}/dismiss", openapi_extra=SECURED)
    async def dismiss_gap(gap_id: TurnId, body: GapDismissal, caller: Curator, desk: DeskDep) -> GapDismissed:
        """Hide a group: it is no gap, or nobody will write about it. The same again changes nothing."""
        now = desk.intake.clock.now()
        async with desk.database.transaction() as db:
            conversation = await turn_of_site(db, desk.conversations, gap_id, caller.site)
            if conversation is None:
                raise ProblemError(ProblemCode.NOT_FOUND, "There is no such gap.")
            if await dismiss(db, conversation, gap_id, caller.subject, body.note, now):
                await record_step(db, desk, caller, "dismiss_gap", {"gap_id": gap_id, "note": body.note})
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
