"""What the offline Brain proposes and says in a context, and orders as tools tell of them."""

from typing import Any

from contracts.turn import FinalMessage, ToolCall
from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.repair import propose

PRICE = {"amount_minor": 18400, "currency": "USD"}
ORDER: dict[str, Any] = {
    "order_id": "ABC123", "status": "shipped", "placed_at": "2026-11-18T09:00:00Z",
    "updated_at": "2026-11-20T09:00:00Z", "carrier": "Parcelway", "tracking_url": "<tracking_url_1>",
    "eta": "2026-11-23T12:00:00Z",
}  # fmt: skip
PACKED = ORDER | {"status": "processing", "carrier": None, "tracking_url": None, "eta": None}
CONTENT = ORDER | {
    "items": [{"sku": "t", "name": "Ridge tent", "quantity": 1, "unit_price": PRICE}], "total": PRICE,
    "ship_to": "<ship_to_1>",
}  # fmt: skip
#: What stands for personal data and for order numbers in what a Brain reads.
KNOWN = {
    "<email_k7q2m4xd>": "ada@example.com", "<order_aaaaaaaa>": "ABC123", "<order_bbbbbbbb>": "1234",
    "<order_cccccccc>": "5678",
}  # fmt: skip
SLA = (
    "Support hours", "support-hours",
    "# Support hours\n\nWe are here every day.\n\n## First response times (SLA)\n\n"
    "Our SLA is the time to a first reply:\n\n- Urgent: within 1 hour.\n- Normal: within 8 hours.\n\n"
    "## Languages\n\nOur team speaks English.",
)  # fmt: skip


def _restored(arguments: dict[str, Any]) -> dict[str, Any]:
    return {key: KNOWN.get(item, item) if isinstance(item, str) else item for key, item in arguments.items()}


async def called(offline: OfflineBrain, context: Any) -> ToolCall:
    proposed = await propose(offline, context, _ignore, _restored)
    assert isinstance(proposed.proposal, ToolCall), proposed
    assert proposed.repairs == (), "what it proposes fits the contract as it is"
    return proposed.proposal


async def said(offline: OfflineBrain, context: Any) -> FinalMessage:
    text: list[str] = []

    async def keep(piece: str) -> None:
        text.append(piece)

    plan = await offline.plan(context, keep)
    assert isinstance(plan.proposal, FinalMessage), plan
    assert "".join(text) == plan.proposal.text
    return plan.proposal


async def _ignore(_piece: str) -> None:
    return
