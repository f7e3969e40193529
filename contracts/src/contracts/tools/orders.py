"""Orders: look-ups of the customer's own orders, and notes on them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from contracts.base import ContractModel, exactly_one
from contracts.ids import OrderId
from contracts.money import Money
from contracts.text import WRITTEN
from contracts.tool import Confirmation, Family, RiskTier, ToolContract, ToolEffect

#: Visible ASCII around one `@`; an internationalised domain comes in its ASCII form.
Email = Annotated[str, StringConstraints(pattern=r"^[!-?A-~]{1,64}@[!-?A-~]{1,189}$", max_length=254)]

#: So many orders are told of at once.
MOST_LISTED = 5


class OrderStatus(StrEnum):
    """Where an order stands."""

    PENDING_PAYMENT = "pending_payment"
    PROCESSING = "processing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"
    REFUNDED = "refunded"


class OrderLookup(ContractModel):
    """Which order: by its id, or the newest one of the customer's own e-mail address. Exactly one of the two."""

    model_config = ConfigDict(json_schema_extra=exactly_one("order_id", "email"))

    order_id: OrderId | None = Field(default=None, description="The order number, such as ABC123.")
    email: Email | None = Field(default=None, description="The customer's own e-mail address.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.order_id is None) == (self.email is None):
            raise ValueError("give either order_id or email")
        return self


class OrderStatusView(ContractModel):
    """Where an order is. Times are UTC; `eta` is the carrier's estimate."""

    order_id: OrderId
    status: OrderStatus
    placed_at: datetime
    updated_at: datetime
    carrier: str | None = None
    tracking_url: str | None = None
    eta: datetime | None = None


class OrderItem(ContractModel):
    """One line of an order."""

    sku: str
    name: str
    quantity: int = Field(ge=1)
    unit_price: Money


class OrderView(OrderStatusView):
    """An order with its lines; the address is the town and the country only."""

    items: tuple[OrderItem, ...]
    total: Money
    ship_to: str


class ListOrdersInput(ContractModel):
    """Nothing is asked: whose orders they are, the token says."""


class ListOrdersOutput(ContractModel):
    """The customer's orders, newest first; `more` when there are older ones than these."""

    orders: tuple[OrderView, ...] = Field(max_length=MOST_LISTED)
    more: bool


class AddOrderNoteInput(ContractModel):
    """A note of the customer's on their own order."""

    order_id: OrderId
    note: str = Field(min_length=1, max_length=1000, pattern=WRITTEN)


class AddOrderNoteOutput(ContractModel):
    """The note as stored."""

    note_id: str
    order_id: OrderId
    created_at: datetime


GET_ORDER_STATUS = ToolContract(
    name="get_order_status", family=Family.ORDERS, version="1.0.0",
    description="Where one of the customer's own orders is: status, carrier, expected delivery.",
    input=OrderLookup, output=OrderStatusView, effect=ToolEffect.READ, scope="orders.read_own",
    risk=RiskTier.PRIVATE, timeout_ms=2000, retries=2, cache_ttl_s=300, redact=("email", "tracking_url"), free_text=(),
    proven_address=True, label="Looking up your order",
)  # fmt: skip
GET_ORDER = ToolContract(
    name="get_order", family=Family.ORDERS, version="1.0.0",
    description="The content of one of the customer's own orders: items, prices, total, status.",
    input=OrderLookup, output=OrderView, effect=ToolEffect.READ, scope="orders.read_own",
    risk=RiskTier.PRIVATE, timeout_ms=2000, retries=2, cache_ttl_s=300, redact=("email", "tracking_url", "ship_to"),
    free_text=(), proven_address=True, label="Looking up your order",
)  # fmt: skip
LIST_ORDERS = ToolContract(
    name="list_orders", family=Family.ORDERS, version="1.0.0",
    description=(
        "The customer's own orders, newest first: number, status, items, total. Use it when they name no order number."
    ),
    input=ListOrdersInput, output=ListOrdersOutput, effect=ToolEffect.READ, scope="orders.read_own",
    risk=RiskTier.PRIVATE, timeout_ms=2000, retries=2, cache_ttl_s=300, redact=("tracking_url", "ship_to"),
    free_text=(), proven_address=True, label="Looking up your orders",
)  # fmt: skip
ADD_ORDER_NOTE = ToolContract(
    name="add_order_note", family=Family.ORDERS, version="1.0.0",
    description="Adds a note of the customer's to one of their own orders. Changes nothing else.",
    input=AddOrderNoteInput, output=AddOrderNoteOutput, effect=ToolEffect.WRITE, scope="orders.note_own",
    risk=RiskTier.PRIVATE, timeout_ms=3000, retries=2, confirmation=Confirmation.CUSTOMER, redact=("note",),
    free_text=("note",), label="Adding a note to your order",
)  # fmt: skip

CONTRACTS = (GET_ORDER_STATUS, GET_ORDER, LIST_ORDERS, ADD_ORDER_NOTE)
