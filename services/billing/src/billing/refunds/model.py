"""A refund and the charge it is of, as the rest of billing sees them."""

from dataclasses import dataclass, field
from datetime import datetime

from contracts.money import Money
from contracts.tools.billing import RefundState
from servicekit.tool_router import PreviewDraft


@dataclass(frozen=True, slots=True)
class Charge:
    """Money that was taken. `refundable` is what is left of it: captured, less what was or may yet be given back.

    `provider`: who holds it; None: the one that the settings name.
    """

    id: str
    order_id: str
    provider: str | None
    provider_charge: str
    captured: Money
    refundable: Money
    method: str
    captured_at: datetime
    risk_flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Said:
    """The customer's reason as it is stored: sealed, or in clear where it is from before there were keys."""

    sealed: bool
    reason: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund that a customer confirmed; `draft` is what they were shown, `approvals` what the policy asked for."""

    id: str
    charge_id: str
    order_id: str
    customer_id: str
    conversation_id: str
    grant_id: str
    provider: str
    amount: Money
    said: Said
    draft: PreviewDraft
    approvals: int
    clause: str
    sentence: str
    reasons: tuple[str, ...]
    state: RefundState
    approval_key: str | None
    check_at: datetime
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """A row of a refund's chain."""

    seq: int
    kind: RefundState
    at_ms: int
    who: str
    details: bytes
    hash: bytes
