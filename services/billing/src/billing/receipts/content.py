"""What a receipt says: the refund's events as claims that anybody may read and check. It names no customer."""

from datetime import UTC, datetime
from typing import Any

import orjson

from billing.refunds.model import LoggedEvent, Refund
from contracts.ids import mask_id
from contracts.tools.billing import RefundState


def claims_of(refund: Refund, events: list[LoggedEvent], issuer: str) -> dict[str, Any]:
    """The claims of a refund that is over. `iat` is when it ended, so that the same receipt is the same bytes.

    `approved_by`: subjects of staff; "policy" when nobody had to approve; empty when nobody did.
    """
    last, approval = events[-1], _approval(events)
    rule = approval or {"clause": refund.clause, "sentence": refund.sentence}
    return {
        "iss": issuer,
        "sub": refund.id,
        "iat": last.at_ms // 1000,
        "action": "refund",
        "outcome": last.kind.value,
        "amount": refund.amount.model_dump(),
        "order": mask_id(refund.order_id),
        "policy": {"clause": rule["clause"], "sentence": rule["sentence"]},
        "approved_by": list(approval["approvers"]) or ["policy"] if approval else [],
        "events": [{"what": event.kind.value, "who": event.who, "at": _iso(event.at_ms)} for event in events],
        "chain": {"seq": last.seq, "hash": last.hash.hex()},
    }


def _approval(events: list[LoggedEvent]) -> dict[str, Any]:
    """The details of the approval, with the rule that asked for it; empty when there was none."""
    for event in events:
        if event.kind is RefundState.APPROVED:
            found: dict[str, Any] = orjson.loads(event.details)
            return found
    return {}


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
