"""The four tools of refunds, tied to their contracts."""

from billing.refunds.approve import ApproveRefund
from billing.refunds.desk import RefundDesk
from billing.refunds.issue import IssueRefund
from billing.refunds.look import LookAtRefunds
from billing.refunds.views import RefundViews
from contracts.tools.billing import APPROVE_REFUND, CLOSE_REFUND, GET_REFUND, ISSUE_REFUND
from servicekit.sealing.subjects import SubjectKeys
from servicekit.tool_router import ToolBinding


class RefundTools:
    """Made once per app."""

    def __init__(self, desk: RefundDesk, views: RefundViews, keys: SubjectKeys) -> None:
        self._issue = IssueRefund(desk, views, keys)
        self._approve = ApproveRefund(desk, views, keys)
        self._look = LookAtRefunds(views, keys)

    def bindings(self) -> list[ToolBinding]:
        """Which contract is served by what."""
        issue, approve, look = self._issue, self._approve, self._look
        return [
            ToolBinding(ISSUE_REFUND, issue.answer, issue.preview, begin=issue.begin, submit=issue.submit),
            ToolBinding(APPROVE_REFUND, approve.answer, approve.preview, begin=approve.begin, submit=approve.submit),
            ToolBinding(CLOSE_REFUND, look.close, look.preview_close),
            ToolBinding(GET_REFUND, look.get),
        ]
