"""Approvals: what waits for staff, and their decisions. A customer's token opens neither."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, status

from orchestrator.api.approving import APPROVE_REFUSAL, APPROVE_SCOPE, decide_approval
from orchestrator.api.deps import DeskDep, only
from orchestrator.api.models import ApprovalAccepted, ApprovalDecision, ApprovalQuery, ApprovalQueue, ApprovalView
from orchestrator.api.rating import allowance
from orchestrator.guard.vault import Vault
from orchestrator.journal.approvals import Decision, Waiting, waiting_approvals
from orchestrator.journal.showing import staff_card
from servicekit.auth.claims import Caller
from servicekit.openapi import SECURED, problem_responses

StaffCaller = Annotated[Caller, Depends(only(APPROVE_SCOPE, APPROVE_REFUSAL))]


def approvals_router() -> APIRouter:
    """Routes of approvals."""
    router = APIRouter(
        prefix="/api/agent", tags=["approvals"], responses=problem_responses(),
        dependencies=[Depends(allowance("staff"))],
    )  # fmt: skip

    @router.get("/approvals", openapi_extra=SECURED)
    async def queue(caller: StaffCaller, desk: DeskDep, asked: Annotated[ApprovalQuery, Query()]) -> ApprovalQueue:
        """What waits for staff, the oldest first."""
        async with desk.database.primary() as db:
            found = await waiting_approvals(db, desk.conversations, caller.site, asked.limit)
            vaults = [await desk.intake.vaults.opened(db, one.conversation) for one in found]
        return ApprovalQueue(
            approvals=tuple(_view(one, vault, caller) for one, vault in zip(found, vaults, strict=True))
        )  # fmt: skip

    @router.post("/approvals", status_code=status.HTTP_202_ACCEPTED, openapi_extra=SECURED)
    async def decide(body: ApprovalDecision, caller: StaffCaller, desk: DeskDep) -> ApprovalAccepted:
        """Approve or deny the effect with this digest. Each colleague decides once; who asked for it never."""
        decision = Decision(body.turn_id, body.digest, body.approved, body.notes, caller)
        missing = await decide_approval(desk, body.conversation_id, decision)
        return ApprovalAccepted(turn_id=body.turn_id, approvals_missing=missing)

    return router


def _view(waiting: Waiting, vault: Vault, caller: Caller) -> ApprovalView:
    card, conversation = staff_card(waiting.card, vault), waiting.conversation
    return ApprovalView(
        conversation_id=conversation.id, turn_id=card.turn_id, digest=card.digest, tool=card.tool,
        summary=card.summary, money_moved=card.money_moved, policy=card.policy, reasons=card.reasons,
        approvals=card.approvals, approved_by=waiting.approved_by, decided_by_me=caller.subject in waiting.approved_by,
        customer=conversation.identity.name or conversation.identity.subject, channel=conversation.channel,
        asked_at=waiting.asked_at, expires_at=card.expires_at, reminded_at=waiting.reminded_at,
    )  # fmt: skip
