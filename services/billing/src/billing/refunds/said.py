"""What the customer said when they asked for a refund: opened only where somebody needs to read it."""

from billing.people import REFUNDS_SAID
from billing.refunds.model import Refund
from servicekit.db.pool import Connection
from servicekit.sealing.subjects import SubjectKeys


async def reason_of(db: Connection, keys: SubjectKeys, refund: Refund) -> str:
    """The customer's words; empty when they were erased. Raises KeyUnavailable, SealError."""
    if not refund.said.sealed:
        return refund.said.reason.decode()
    opener = await keys.opener(db, keys.name(refund.customer_id)) if refund.said.reason else None
    return "" if opener is None else opener.open(REFUNDS_SAID.column("reason"), refund.id, refund.said.reason)
