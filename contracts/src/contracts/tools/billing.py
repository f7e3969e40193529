"""Billing: invoices, and refunds that need a confirmation and, above a limit, an approval."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from contracts.base import ContractModel, exactly_one
from contracts.ids import OrderId
from contracts.money import AmountMinor, Currency, Money
from contracts.text import ANY_TEXT, WRITTEN
from contracts.tool import Confirmation, Family, RiskTier, ToolContract, ToolEffect

InvoiceNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{2,31}$")]


class InvoiceLookup(ContractModel):
    """Which invoice: by the order it belongs to, or by its own number. Exactly one of the two."""

    model_config = ConfigDict(json_schema_extra=exactly_one("order_id", "invoice_number"))

    order_id: OrderId | None = Field(default=None, description="The order number, such as ABC123.")
    invoice_number: InvoiceNumber | None = Field(default=None, description="The invoice number, such as INV-2026-0001.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.order_id is None) == (self.invoice_number is None):
            raise ValueError("give either order_id or invoice_number")
        return self


class InvoiceLink(ContractModel):
    """A signed link to the PDF. Whoever holds the link can read the file until `expires_at`."""

    invoice_number: InvoiceNumber
    order_id: OrderId
    total: Money
    issued_at: datetime
    url: str
    expires_at: datetime
    size_bytes: int = Field(gt=0)
    sha256: str


class RefundState(StrEnum):
    """Where a refund stands."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class IssueRefundInput(ContractModel):
    """How much of which order to give back."""

    order_id: OrderId
    amount_minor: Annotated[AmountMinor, Field(gt=0, description="Minor units: 5000 is 50.00.")]
    currency: Currency
    reason: str = Field(min_length=1, max_length=500, pattern=WRITTEN)


RefundRequestId = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}_[A-Za-z0-9]{1,60}$")]


class IssueRefundOutput(ContractModel):
    """The refund as it stands; `refund_request_id` travels through every hop, to the payment provider and back.

    `approvals_needed` members of staff must still approve before money moves; `policy` is the clause that says so.
    `receipt_url` is there once it is over, and opens the signed receipt for whoever holds it.
    """

    refund_request_id: str
    order_id: OrderId
    amount: Money
    state: RefundState
    approvals_needed: int = Field(default=0, ge=0)
    policy: str = ""
    receipt_url: str | None = None


class ApproveRefundInput(ContractModel):
    """Which confirmed refund staff has approved."""

    refund_request_id: RefundRequestId


class CloseOutcome(StrEnum):
    """How a refund ends that staff did not approve."""

    DENIED = "denied"
    EXPIRED = "expired"


class CloseRefundInput(ContractModel):
    """Which confirmed refund ends without money being moved, and why."""

    refund_request_id: RefundRequestId
    outcome: CloseOutcome
    note: str = Field(default="", max_length=1000, pattern=ANY_TEXT)


class RefundLookup(ContractModel):
    """Which refund: by its own id, or the newest one of an order. Exactly one of the two."""

    model_config = ConfigDict(json_schema_extra=exactly_one("refund_request_id", "order_id"))

    refund_request_id: RefundRequestId | None = Field(default=None, description="The refund's own id, rfd_….")
    order_id: OrderId | None = Field(default=None, description="The order number, such as ABC123.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.refund_request_id is None) == (self.order_id is None):
            raise ValueError("give either refund_request_id or order_id")
        return self


GET_INVOICE_PDF = ToolContract(
    name="get_invoice_pdf", family=Family.BILLING, version="1.0.0",
    description="A short-lived link to the PDF invoice of one of the customer's own orders.",
    input=InvoiceLookup, output=InvoiceLink, effect=ToolEffect.READ, scope="billing.read_own",
    risk=RiskTier.PRIVATE, timeout_ms=3000, retries=2, redact=("url",), free_text=(), label="Fetching your invoice",
)  # fmt: skip
GET_REFUND = ToolContract(
    name="get_refund", family=Family.BILLING, version="1.0.0",
    description="Where a refund of one of the customer's own orders stands.",
    input=RefundLookup, output=IssueRefundOutput, effect=ToolEffect.READ, scope="billing.read_own",
    risk=RiskTier.PRIVATE, timeout_ms=3000, retries=2, redact=("receipt_url",), free_text=(),
    label="Looking up your refund",
)  # fmt: skip
ISSUE_REFUND = ToolContract(
    name="issue_refund", family=Family.BILLING, version="1.1.0",
    description="Refunds part or all of one of the customer's own orders, after their confirmation.",
    input=IssueRefundInput, output=IssueRefundOutput, effect=ToolEffect.WRITE, scope="billing.refund",
    risk=RiskTier.MONEY, timeout_ms=10_000, retries=2, confirmation=Confirmation.CUSTOMER,
    approved_by="approve_refund", closed_by="close_refund", ref="refund_request_id", redact=("receipt_url",),
    free_text=("reason",), label="Preparing your refund",
)  # fmt: skip
APPROVE_REFUND = ToolContract(
    name="approve_refund", family=Family.BILLING, version="1.0.0",
    description="Carries out a confirmed refund that staff approved. The orchestrator's own, never offered to a model.",
    input=ApproveRefundInput, output=IssueRefundOutput, effect=ToolEffect.WRITE, scope="billing.approve",
    risk=RiskTier.MONEY, timeout_ms=10_000, retries=2, confirmation=Confirmation.STAFF, redact=("receipt_url",),
    free_text=(), label="Making the refund",
)  # fmt: skip
CLOSE_REFUND = ToolContract(
    name="close_refund", family=Family.BILLING, version="1.0.0",
    description="Ends a confirmed refund that staff denied or nobody decided. The orchestrator's own.",
    input=CloseRefundInput, output=IssueRefundOutput, effect=ToolEffect.WRITE, scope="billing.approve",
    risk=RiskTier.LOW, timeout_ms=5000, retries=3, redact=("note", "receipt_url"), free_text=("note",),
    label="Closing the refund",
)  # fmt: skip

CONTRACTS = (GET_INVOICE_PDF, GET_REFUND, ISSUE_REFUND, APPROVE_REFUND, CLOSE_REFUND)
