"""`get_refund` and `close_refund`: where a refund stands, and the end of one that staff did not approve."""

from dataclasses import dataclass
from typing import assert_never

from billing.errors import already_decided, refund_not_found
from billing.people import REFUNDS_SAID
from billing.refunds import store
from billing.refunds.counting import count_event
from billing.refunds.events import Denied, Expired
from billing.refunds.model import Refund
from billing.refunds.views import RefundViews
from contracts.tools.billing import CloseOutcome, CloseRefundInput, IssueRefundOutput, RefundLookup, RefundState
from servicekit.sealing.subjects import SubjectKeys
from servicekit.tool_router import PreviewDraft, ToolRequest

_NOTE = "UPDATE refunds SET note = $2 WHERE id = $1"


@dataclass(frozen=True, slots=True)
class LookAtRefunds:
    """The two tools."""

    views: RefundViews
    keys: SubjectKeys

    async def get(self, request: ToolRequest, lookup: RefundLookup) -> IssueRefundOutput:
        """The caller's refund. Raises ProblemError(REFUND_NOT_FOUND)."""
        customer = request.caller.subject
        if lookup.refund_request_id is not None:
            refund = await store.find_own(request.db, customer, lookup.refund_request_id)
        else:
            refund = await store.newest_of_order(request.db, customer, lookup.order_id or "")
        if refund is None:
            raise refund_not_found()
        return self.views.output(refund, request.clock.now())

    async def preview_close(self, request: ToolRequest, asked: CloseRefundInput) -> PreviewDraft:
        """What closing would do. Raises ProblemError(REFUND_NOT_FOUND)."""
        refund = await store.find_own(request.db, request.caller.subject, asked.refund_request_id)
        if refund is None:
            raise refund_not_found()
        return PreviewDraft(
            summary=f"End this without moving money: {refund.draft.summary}",
            before={"refund": refund.id, "state": refund.state.value},
            after={"refund": refund.id, "state": asked.outcome.value},
        )

    async def close(self, request: ToolRequest, asked: CloseRefundInput) -> IssueRefundOutput:
        """Ends a refund that waits; one that ended without money being moved stays as it ended.

        Raises ProblemError(REFUND_NOT_FOUND | ALREADY_DECIDED).
        """
        now, customer = request.clock.now(), request.caller.subject
        refund = await store.find_own(request.db, customer, asked.refund_request_id, lock=True)
        if refund is None:
            raise refund_not_found()
        if refund.state is RefundState.CONFIRMED:
            event, who = _ending(asked.outcome)
            state = await store.append(request.db, refund.id, refund.state, event, who=who, at=now)
            if asked.note:
                await self._note(request, refund, asked.note)
            count_event(request.kit, state)
            refund = await store.find_own(request.db, customer, refund.id) or refund
        elif refund.state not in (RefundState.DENIED, RefundState.EXPIRED):
            raise already_decided("This refund was approved before.")
        return self.views.output(refund, now)

    async def _note(self, request: ToolRequest, refund: Refund, note: str) -> None:
        stored = note.encode()
        if refund.said.sealed:  # else the row is in clear still, and is sealed as a whole
            sealer = await self.keys.sealer(request.db, self.keys.name(refund.customer_id))
            stored = sealer.seal(REFUNDS_SAID.column("note"), refund.id, note)
        await request.db.execute(_NOTE, refund.id, stored)


def _ending(outcome: CloseOutcome) -> tuple[Denied | Expired, str]:
    match outcome:
        case CloseOutcome.DENIED:
            return Denied(), "staff"
        case CloseOutcome.EXPIRED:
            return Expired(), "nobody"
    assert_never(outcome)
