"""Handlers of the sample: real contracts, one table, and switches that a test can turn."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from contracts.errors import ProblemCode
from contracts.money import Money
from contracts.registry import AnyContract
from contracts.tool import ApprovalRule
from contracts.tools.billing import ISSUE_REFUND, IssueRefundInput, IssueRefundOutput, RefundState
from contracts.tools.orders import (
    ADD_ORDER_NOTE,
    GET_ORDER_STATUS,
    AddOrderNoteInput,
    AddOrderNoteOutput,
    OrderLookup,
    OrderStatus,
    OrderStatusView,
)
from servicekit.errors import ProblemError
from servicekit.tool_router import PreviewDraft, ToolBinding, ToolRequest

PLACED_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_INSERT = "INSERT INTO effects (owner, note) VALUES ($1, $2) RETURNING id"


@dataclass
class Sample:
    """A tiny shop. `before_commit` holds a write in its transaction; `fail_with` is raised after the effect."""

    before_commit: asyncio.Event | None = None
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    fail_with: Exception | None = None
    calls: list[AnyContract] = field(default_factory=list)

    def orders(self) -> list[ToolBinding]:
        """A read, a confirmed write; `get_order` is left out."""
        return [
            ToolBinding(GET_ORDER_STATUS, self.get_order_status),
            ToolBinding(ADD_ORDER_NOTE, self.add_order_note, preview=self.preview_note),
        ]

    def billing(self) -> list[ToolBinding]:
        """A write that needs an approval above a limit."""
        rule = ApprovalRule(argument="amount_minor", over=10_000)
        return [ToolBinding(ISSUE_REFUND, self.issue_refund, preview=self.preview_refund, approval=rule)]

    async def get_order_status(self, request: ToolRequest, lookup: OrderLookup) -> OrderStatusView:
        """Ada's order ABC123; nobody else's."""
        self.calls.append(GET_ORDER_STATUS)
        await self._trouble()
        if request.caller.subject != "cust_ada" or lookup.order_id != "ABC123":
            raise ProblemError(ProblemCode.ORDER_NOT_FOUND, "There is no such order for this customer.")
        return OrderStatusView(
            order_id="ABC123",
            status=OrderStatus.SHIPPED,
            placed_at=PLACED_AT,
            updated_at=PLACED_AT,
            eta=PLACED_AT + timedelta(days=3),
        )

    async def preview_note(self, request: ToolRequest, note: AddOrderNoteInput) -> PreviewDraft:
        """The number of notes so far is part of the effect."""
        count = await request.db.fetchval("SELECT count(*) FROM effects WHERE owner = $1", request.caller.subject)
        return PreviewDraft("Add a note", before={"notes": str(count)}, after={"notes": str(count + 1)})

    async def add_order_note(self, request: ToolRequest, note: AddOrderNoteInput) -> AddOrderNoteOutput:
        """Writes one effect."""
        self.calls.append(ADD_ORDER_NOTE)
        number = await request.db.fetchval(_INSERT, request.caller.subject, note.note)
        await self._trouble()
        return AddOrderNoteOutput(note_id=str(number), order_id=note.order_id, created_at=request.clock.now())

    async def preview_refund(self, request: ToolRequest, refund: IssueRefundInput) -> PreviewDraft:
        """The effect is the money alone."""
        money = Money(amount_minor=refund.amount_minor, currency=refund.currency)
        return PreviewDraft(f"Refund {money}", money_moved=money)

    async def issue_refund(self, request: ToolRequest, refund: IssueRefundInput) -> IssueRefundOutput:
        """Writes one effect."""
        self.calls.append(ISSUE_REFUND)
        number = await request.db.fetchval(_INSERT, request.caller.subject, str(refund.amount_minor))
        money = Money(amount_minor=refund.amount_minor, currency=refund.currency)
        return IssueRefundOutput(
            refund_request_id=f"rfd_{number:026d}", order_id=refund.order_id, amount=money, state=RefundState.REQUESTED
        )

    async def _trouble(self) -> None:
        self.entered.set()
        if self.before_commit is not None:
            await self.before_commit.wait()
        if self.fail_with is not None:
            raise self.fail_with
