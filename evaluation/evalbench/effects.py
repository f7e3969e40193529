"""What really came of a conversation, read from the services' own databases."""

from collections.abc import Sequence
from dataclasses import dataclass

from e2e.facts import rows, tickets_of
from e2e.machine import Machine

_PAID = (
    "SELECT l.amount_minor FROM ledger_refunds l JOIN refunds r ON r.id = l.refund_request_id"
    " WHERE r.order_id = ANY ($1) ORDER BY l.amount_minor"
)
_PENDING = (
    "SELECT amount_minor FROM refunds WHERE order_id = ANY ($1) AND state NOT IN ('succeeded', 'failed', 'denied')"
    " ORDER BY amount_minor"
)
_HANDED = "SELECT count(*) AS handed FROM turns WHERE conversation_id = $1 AND handoff_reason IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Happened:
    """Tickets without hand-overs, hand-overs, and the refunds of the customer's orders in minor units."""

    tickets: int = 0
    handoffs: int = 0
    refunds: tuple[int, ...] = ()
    pending: tuple[int, ...] = ()


async def happened(machine: Machine, conversation_id: str, orders: Sequence[str]) -> Happened:
    """The effects of one conversation, and of the refunds of these orders."""
    tickets = await tickets_of(machine.database("tickets"), conversation_id) if conversation_id else []
    billing = machine.database("billing")
    paid = await rows(billing, _PAID, list(orders)) if orders else []
    pending = await rows(billing, _PENDING, list(orders)) if orders else []
    handed = await rows(machine.database("orchestrator"), _HANDED, conversation_id) if conversation_id else []
    # A person may be promised first and fetched by a job: the promise counts as the one hand-over it becomes.
    promised = any(row["handed"] for row in handed)
    return Happened(
        tickets=sum(ticket["handoff"] is None for ticket in tickets),
        handoffs=sum(ticket["handoff"] is not None for ticket in tickets) or int(promised),
        refunds=tuple(row["amount_minor"] for row in paid),
        pending=tuple(row["amount_minor"] for row in pending),
    )
