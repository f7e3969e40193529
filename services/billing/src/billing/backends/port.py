"""What the handlers need of the system that holds the invoices, and an invoice as it is printed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from contracts.money import Money
from contracts.tools.billing import InvoiceLookup
from servicekit.db.pool import Connection


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line; `unit_price` includes the tax."""

    sku: str
    description: str
    quantity: int
    unit_price: Money


@dataclass(frozen=True, slots=True)
class Invoice:
    """An issued invoice, which never changes. `total` includes shipping and `tax`; `bill_to` are address lines."""

    number: str
    order_id: str
    customer_id: str
    issued_at: datetime
    bill_to: tuple[str, ...]
    lines: tuple[InvoiceLine, ...]
    shipping: Money
    tax_label: str
    tax: Money
    total: Money
    payment: str


class InvoicesBackend(Protocol):
    """None means: there is no such invoice, or (where a customer is asked for) it is not theirs."""

    async def find_invoice(self, customer: str, lookup: InvoiceLookup) -> Invoice | None:
        """The customer's invoice; of an order with several, the newest. `customer` is the token's subject."""
        ...

    async def invoice_by_number(self, number: str) -> Invoice | None:
        """Whoever's invoice that is: only for the holder of a signed link, which names the owner."""
        ...


#: Gives the backend of one request; an adapter of a remote system has no use for the connection.
OpenBackend = Callable[[Connection], InvoicesBackend]
