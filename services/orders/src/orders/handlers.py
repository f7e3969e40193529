"""The tools of orders, one function each. The subject of the signed token is whose orders are looked at."""

from dataclasses import dataclass

from contracts.tools.orders import (
    AddOrderNoteInput,
    AddOrderNoteOutput,
    OrderLookup,
    OrderStatusView,
    OrderView,
)
from orders.backends.port import OpenBackend
from orders.errors import order_not_found
from servicekit.tool_router import PreviewDraft, ToolRequest


@dataclass(frozen=True, slots=True)
class OrderTools:
    """The handlers over one backend. All raise ProblemError(ORDER_NOT_FOUND)."""

    open: OpenBackend

    async def get_order_status(self, request: ToolRequest, lookup: OrderLookup) -> OrderStatusView:
        """Where the caller's order is."""
        found = await self.open(request.db).find_status(request.caller.subject, lookup)
        if found is None:
            raise order_not_found()
        return found

    async def get_order(self, request: ToolRequest, lookup: OrderLookup) -> OrderView:
        """The caller's order with its lines."""
        found = await self.open(request.db).find_order(request.caller.subject, lookup)
        if found is None:
            raise order_not_found()
        return found

    async def add_order_note(self, request: ToolRequest, asked: AddOrderNoteInput) -> AddOrderNoteOutput:
        """Stores the confirmed note with the caller's order."""
        now = request.clock.now()
        note = await self.open(request.db).add_note(request.caller.subject, asked.order_id, asked.note, now)
        if note is None:
            raise order_not_found()
        return note

    async def preview_order_note(self, request: ToolRequest, asked: AddOrderNoteInput) -> PreviewDraft:
        """What the note would be and where it would stand. The order's own state is no part of the effect."""
        order = await self.get_order_status(request, OrderLookup(order_id=asked.order_id))
        summary = f"Add this note to order {order.order_id}: \u201c{asked.note}\u201d"
        return PreviewDraft(summary=summary, after={"order_id": order.order_id, "note": asked.note})
