"""A refund above the limit: the customer agrees, then staff find it in their queue and decide."""

from typing import Any

import httpx

from e2e.visitor import Turn, Visitor


async def confirmed(visitor: Visitor, order: str, dollars: int, why: str = "") -> Turn:
    """A refund that the customer wants and has agreed to; followed until staff are asked or it is over."""
    turn = await visitor.say(f"Refund order {order} for ${dollars}{why}")
    assert turn.card["tool"] == "issue_refund"
    assert (await visitor.decide(turn, True)).status_code == 202
    return await visitor.follow(turn, until="approval")


async def waiting(staff: Visitor, turn: Turn) -> dict[str, Any]:
    """The card of the turn in the queue of staff."""
    cards = (await staff.call("GET", "/api/agent/approvals?limit=200")).json()["approvals"]
    return next(card for card in cards if card["turn_id"] == turn.turn_id)


async def decide(staff: Visitor, card: dict[str, Any], *, approved: bool = True, **more: Any) -> httpx.Response:
    """Approve the card, or deny it."""
    body = {name: card[name] for name in ("conversation_id", "turn_id", "digest")}
    return await staff.call("POST", "/api/agent/approvals", body | {"approved": approved} | more)
