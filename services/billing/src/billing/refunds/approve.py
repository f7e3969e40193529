"""`approve_refund`: staff let a confirmed refund go on. How many must agree is decided anew at that moment."""

from dataclasses import dataclass, replace

from billing.errors import already_decided, refund_not_found
from billing.refunds import store
from billing.refunds.counting import count_event
from billing.refunds.desk import RefundDesk
from billing.refunds.model import Refund
from billing.refunds.policy import Decision
from billing.refunds.said import reason_of
from billing.refunds.views import RefundViews
from contracts.errors import ProblemCode
from contracts.tools.billing import ApproveRefundInput, IssueRefundOutput, RefundState
from servicekit.errors import ProblemError
from servicekit.sealing.subjects import SubjectKeys
from servicekit.tool_router import PreviewDraft, ToolRequest
from servicekit.tool_router.binding import Submission

_TAKEN = "UPDATE refunds SET approval_key = $2, check_at = $3 WHERE id = $1"


@dataclass(frozen=True, slots=True)
class ApproveRefund:
    """The tool's parts over one desk."""

    desk: RefundDesk
    views: RefundViews
    keys: SubjectKeys

    async def preview(self, request: ToolRequest, asked: ApproveRefundInput) -> PreviewDraft:
        """What staff are asked; for a call that was begun before, the same again.

        Raises ProblemError(REFUND_NOT_FOUND | ALREADY_DECIDED).
        """
        refund = await self._waiting(request, asked)
        decision = await self._decided(request, refund)
        words = await reason_of(request.db, self.keys, refund)
        said = f'The customer says: "{words}"' if words else "What the customer said was erased."
        return PreviewDraft(
            summary=refund.draft.summary,
            before={"refund": refund.id, "state": RefundState.CONFIRMED.value},
            after={"refund": refund.id, "state": RefundState.SUCCEEDED.value},
            money_moved=refund.amount,
            approvals=decision.approvals,
            policy=decision.clause,
            reasons=tuple(dict.fromkeys((*refund.reasons, *decision.reasons, said))),
        )

    async def begin(self, request: ToolRequest, asked: ApproveRefundInput) -> None:
        """Writes down who approved. Raises ProblemError(APPROVAL_REQUIRED) when they are too few."""
        refund = await self._waiting(request, asked)
        if refund.state is not RefundState.CONFIRMED:
            return
        if request.grant is None:
            raise TypeError("a refund is approved with a grant")
        decision = await self._decided(request, refund)
        needed = decision.approvals
        approvers = tuple(sorted(set(request.grant.approvers) - {refund.customer_id}))
        if len(approvers) < needed:
            raise ProblemError(ProblemCode.APPROVAL_REQUIRED, f"This refund needs {needed} members of staff.")
        now = request.clock.now()
        event = self.desk.approved(approvers, needed, decision)
        state = await store.append(request.db, refund.id, refund.state, event, who=", ".join(approvers), at=now)
        await request.db.execute(_TAKEN, refund.id, request.idempotency_key, now + self.desk.patience)
        count_event(request.kit, state)

    async def submit(self, submission: Submission, asked: ApproveRefundInput) -> None:
        """Carries it out."""
        await self.desk.carry_out(submission.kit, asked.refund_request_id)

    async def answer(self, request: ToolRequest, asked: ApproveRefundInput) -> IssueRefundOutput:
        """The refund as it stands now."""
        return self.views.output(await self._waiting(request, asked), request.clock.now())

    async def _waiting(self, request: ToolRequest, asked: ApproveRefundInput) -> Refund:
        """The caller's refund that waits, or that this very call has approved before."""
        key, now = request.idempotency_key, request.clock.now()
        refund = await store.find_own(
            request.db, request.caller.subject, asked.refund_request_id, lock=key is not None
        )  # fmt: skip
        if refund is None:
            raise refund_not_found()
        if key is not None and refund.approval_key == key:
            return refund
        if refund.state is RefundState.CONFIRMED and now < refund.check_at:
            return refund
        if refund.state in (RefundState.CONFIRMED, RefundState.EXPIRED):
            raise already_decided("The time for approving this refund is over.")
        raise already_decided("This refund was decided before.")

    async def _decided(self, request: ToolRequest, refund: Refund) -> Decision:
        """What the policy says now, but never less than it said to the customer."""
        charge = await store.charge_of(request.db, refund)
        decision = await self.desk.assessor.decide(
            request.db, refund.customer_id, charge, refund.amount, request.clock.now(), lock=False
        )
        if decision.approvals > refund.approvals:
            return decision
        return replace(decision, approvals=max(1, refund.approvals), clause=refund.clause, sentence=refund.sentence)
