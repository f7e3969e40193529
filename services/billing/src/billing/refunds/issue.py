"""`issue_refund`: begun in one transaction, carried out outside of any, answered in another."""

from dataclasses import dataclass, replace

from billing.people import REFUNDS_SAID
from billing.refunds import store
from billing.refunds.assess import Assessment
from billing.refunds.counting import count_event
from billing.refunds.desk import RefundDesk
from billing.refunds.events import Confirmed, RefundEvent, Requested
from billing.refunds.ids import refund_request_id
from billing.refunds.model import Refund, Said
from billing.refunds.said import reason_of
from billing.refunds.views import RefundViews
from contracts.errors import ProblemCode
from contracts.money import Money
from contracts.tools.billing import IssueRefundInput, IssueRefundOutput, RefundState
from servicekit.auth.grants import Grant
from servicekit.errors import ProblemError
from servicekit.sealing.subjects import SubjectKeys
from servicekit.tool_router import PreviewDraft, ToolRequest
from servicekit.tool_router.binding import Submission


@dataclass(frozen=True, slots=True)
class IssueRefund:
    """The tool's parts over one desk."""

    desk: RefundDesk
    views: RefundViews
    keys: SubjectKeys

    async def preview(self, request: ToolRequest, asked: IssueRefundInput) -> PreviewDraft:
        """What would happen; for a call that was begun before, what it said then.

        Raises ProblemError(ORDER_NOT_FOUND | NOT_REFUNDABLE).
        """
        if (begun := await self._begun(request, asked)) is not None:
            return replace(begun.draft, basis=begun)
        found = await self._assess(request, asked)
        return replace(found.draft, basis=found)

    async def begin(self, request: ToolRequest, asked: IssueRefundInput) -> None:
        """Makes the refund, and with it takes its amount out of what can be refunded."""
        found = request.basis
        if isinstance(found, Refund):
            return
        if request.grant is None or not isinstance(found, Assessment):
            raise TypeError("a refund is begun with a grant, on what was assessed for it")
        refund = await self._new(request, asked, found, request.grant)
        await store.insert(request.db, refund)
        events = self._first_events(refund, found, request.grant)
        for state in await store.append_first(request.db, refund.id, events, refund.created_at):
            count_event(request.kit, state)

    async def submit(self, submission: Submission, _: IssueRefundInput) -> None:
        """Carries it out when nobody else has to agree."""
        await self.desk.carry_out(submission.kit, refund_request_id(submission.caller, submission.idempotency_key))

    async def answer(self, request: ToolRequest, _: IssueRefundInput) -> IssueRefundOutput:
        """The refund as it stands now."""
        if not isinstance(request.basis, Refund):
            raise TypeError("a refund is answered after it was begun")
        return self.views.output(request.basis, request.clock.now())

    async def _begun(self, request: ToolRequest, asked: IssueRefundInput) -> Refund | None:
        """The refund that this very call has begun before."""
        if request.idempotency_key is None:
            return None
        refund_id = refund_request_id(request.caller, request.idempotency_key)
        refund = await store.find_own(request.db, request.caller.subject, refund_id)
        if refund is None:
            return None
        amount = Money(amount_minor=asked.amount_minor, currency=asked.currency)
        said = await reason_of(request.db, self.keys, refund)
        if (refund.order_id, refund.amount, said) != (asked.order_id.upper(), amount, asked.reason):
            # Not IDEMPOTENCY_KEY_REUSED, which would be stored as the answer of the first call.
            raise ProblemError(ProblemCode.GRANT_INVALID, "This key is for another refund.")
        return refund

    async def _assess(self, request: ToolRequest, asked: IssueRefundInput) -> Assessment:
        writing = request.idempotency_key is not None
        return await self.desk.assessor.assess(
            request.db, request.caller.subject, asked, request.clock.now(), lock=writing
        )

    async def _new(self, request: ToolRequest, asked: IssueRefundInput, found: Assessment, grant: Grant) -> Refund:
        now = request.clock.now()
        waits = self.desk.expires_after if found.decision.approvals else self.desk.patience
        refund_id = refund_request_id(request.caller, request.idempotency_key or "")
        sealer = await self.keys.sealer(request.db, self.keys.name(request.caller.subject))
        return Refund(
            id=refund_id,
            charge_id=found.charge.id,
            order_id=found.charge.order_id,
            customer_id=request.caller.subject,
            conversation_id=grant.conversation_id,
            grant_id=grant.token_id,
            provider=found.provider,
            amount=Money(amount_minor=asked.amount_minor, currency=asked.currency),
            said=Said(sealed=True, reason=sealer.seal(REFUNDS_SAID.column("reason"), refund_id, asked.reason)),
            draft=replace(found.draft, reasons=()),
            approvals=found.decision.approvals,
            clause=found.decision.clause,
            sentence=found.decision.sentence,
            reasons=found.decision.reasons,
            state=RefundState.REQUESTED,
            approval_key=None,
            check_at=now + waits,
            created_at=now,
            updated_at=now,
        )

    def _first_events(self, refund: Refund, found: Assessment, grant: Grant) -> list[tuple[RefundEvent, str]]:
        amount = refund.amount
        events: list[tuple[RefundEvent, str]] = [
            (Requested(refund.charge_id, refund.order_id, amount.amount_minor, amount.currency), "customer"),
            (Confirmed(grant.digest, grant.token_id), "customer"),
        ]
        if refund.approvals == 0:
            events.append((self.desk.approved((), 0, found.decision), "policy"))
        return events
