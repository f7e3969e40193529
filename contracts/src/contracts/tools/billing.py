"""Billing: invoices, and refunds that need a confirmation and, above a limit, an approval."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from contracts.base import ContractModel, exactly_one
from contracts.ids import OrderId
from contracts.money import AmountMinor, Currency, Money
from contracts.text import WRITTEN
from contracts.tool import ApprovalRule, Confirmation, Family, RiskTier, ToolContract, ToolEffect

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


class IssueRefundOutput(ContractModel):
    """The refund as it stands; `refund_request_id` travels through every hop."""

    refund_request_id: str
    order_id: OrderId
    amount: Money
    state: RefundState


GET_INVOICE_PDF = ToolContract(
    name="get_invoice_pdf", family=Family.BILLING, version="1.0.0",
    description="A short-lived link to the PDF invoice of one of the customer's own orders.",
    input=InvoiceLookup, output=InvoiceLink, effect=ToolEffect.READ, scope="billing.read_own",
    risk=RiskTier.PRIVATE, timeout_ms=3000, retries=2, redact=("url",), label="Fetching your invoice",
)  # fmt: skip
ISSUE_REFUND = ToolContract(
    name="issue_refund", family=Family.BILLING, version="1.0.0",
    description="Refunds part or all of one of the customer's own orders, after their confirmation.",
    input=IssueRefundInput, output=IssueRefundOutput, effect=ToolEffect.WRITE, scope="billing.refund",
    risk=RiskTier.MONEY, timeout_ms=10_000, retries=2, confirmation=Confirmation.CUSTOMER,
    approval=ApprovalRule(argument="amount_minor", over=10_000), label="Preparing your refund",
)  # fmt: skip

CONTRACTS = (GET_INVOICE_PDF, ISSUE_REFUND)
