"""The tools of orders, one function each. The subject of the signed token is whose orders are looked at."""

import hashlib
from dataclasses import dataclass

from contracts.tools.orders import (
    MOST_LISTED,
    AddOrderNoteInput,
    AddOrderNoteOutput,
    ListOrdersInput,
    ListOrdersOutput,
    OrderLookup,
    OrderStatusView,
    OrderView,
)
from orders.backends.port import ByAddress, OpenBackend, Owner
from orders.errors import order_not_found
from servicekit.tool_router import PreviewDraft, ToolRequest

_REFERENCE_CHARS = 24


@dataclass(slots=True)
class OrderTools:
    """The handlers over one backend, which is set when the service starts. All but the list raise
    ProblemError(ORDER_NOT_FOUND).

    `remote`: the shop's system does not know whose e-mail address the caller has confirmed, the token does.
    """

    open: OpenBackend
    remote: bool = False

    async def get_order_status(self, request: ToolRequest, lookup: OrderLookup) -> OrderStatusView:
        """Where the caller's order is."""
        self._check_email(request, lookup)
        found = await self.open(request.db).find_status(_owner(request), lookup)
        if found is None:
            raise order_not_found()
        return found

    async def get_order(self, request: ToolRequest, lookup: OrderLookup) -> OrderView:
        """The caller's order with its lines."""
        self._check_email(request, lookup)
        found = await self.open(request.db).find_order(_owner(request), lookup)
        if found is None:
            raise order_not_found()
        return found

    async def list_orders(self, request: ToolRequest, _: ListOrdersInput) -> ListOrdersOutput:
        """The caller's newest orders; none is an answer as well."""
        found = await self.open(request.db).list_orders(_owner(request), MOST_LISTED + 1)
        return ListOrdersOutput(orders=found[:MOST_LISTED], more=len(found) > MOST_LISTED)

    async def add_order_note(self, request: ToolRequest, asked: AddOrderNoteInput) -> AddOrderNoteOutput:
        """Stores the confirmed note with the caller's order."""
        backend, caller = self.open(request.db), request.caller
        note = await backend.add_note(
            caller.subject, asked.order_id, asked.note, request.clock.now(), reference_of(request)
        )
        if note is None:
            raise order_not_found()
        return note

    async def preview_order_note(self, request: ToolRequest, asked: AddOrderNoteInput) -> PreviewDraft:
        """What the note would be and where it would stand. The order's own state is no part of the effect."""
        order = await self.get_order_status(request, OrderLookup(order_id=asked.order_id))
        summary = f"Add this note to order {order.order_id}: \u201c{asked.note}\u201d"
        return PreviewDraft(summary=summary, after={"order_id": order.order_id, "note": asked.note})

    def _check_email(self, request: ToolRequest, lookup: OrderLookup) -> None:
        """What was written in the chat is no proof of an address; the token's claim is."""
        if self.remote and lookup.email is not None:
            own = request.caller.email
            if own is None or own.casefold() != lookup.email.casefold():
                raise order_not_found()


def _owner(request: ToolRequest) -> Owner:
    """The subject of the token; of a guest, whose subject owns nothing, the address that they have proven."""
    caller = request.caller
    return ByAddress(caller.proven_email) if caller.is_guest and caller.proven_email else caller.subject


def reference_of(request: ToolRequest) -> str:
    """What a call is known by in another system: the same for each attempt with its key, and telling nothing of it."""
    material = "\x00".join((request.caller.issuer, request.caller.subject, request.idempotency_key or ""))
    return "ref_" + hashlib.sha256(material.encode()).hexdigest()[:_REFERENCE_CHARS]
