"""A refund as its customer is told about it."""

from dataclasses import dataclass
from datetime import datetime

from billing.receipts.links import ReceiptLinks
from billing.refunds.machine import TERMINAL
from billing.refunds.model import Refund
from contracts.tools.billing import IssueRefundOutput, RefundState


@dataclass(frozen=True, slots=True)
class RefundViews:
    """Makes answers; those of refunds that are over have a link to the receipt."""

    links: ReceiptLinks

    def output(self, refund: Refund, now: datetime) -> IssueRefundOutput:
        """The refund as it stands."""
        waits = refund.state is RefundState.CONFIRMED
        return IssueRefundOutput(
            refund_request_id=refund.id,
            order_id=refund.order_id,
            amount=refund.amount,
            state=refund.state,
            approvals_needed=refund.approvals if waits else 0,
            policy=refund.clause,
            receipt_url=self.links.make(refund.id, now) if refund.state in TERMINAL else None,
        )
