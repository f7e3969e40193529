"""The tools of billing, one function each, and the file behind a link."""

import asyncio
import hashlib
from dataclasses import dataclass

from billing.backends.port import Invoice, OpenBackend
from billing.errors import invoice_not_found
from billing.links import InvoiceLinks
from billing.pdf import Letterhead, render_invoice
from contracts.tools.billing import InvoiceLink, InvoiceLookup
from servicekit.context import Kit
from servicekit.tool_router import ToolRequest


@dataclass(frozen=True, slots=True)
class BillingTools:
    """The handlers over one backend."""

    open: OpenBackend
    links: InvoiceLinks
    letterhead: Letterhead

    async def get_invoice_pdf(self, request: ToolRequest, lookup: InvoiceLookup) -> InvoiceLink:
        """A link to the caller's invoice. Raises ProblemError(INVOICE_NOT_FOUND)."""
        invoice = await self.open(request.db).find_invoice(request.caller.subject, lookup)
        if invoice is None:
            raise invoice_not_found()
        # Drawn here already, so that size and sha256 are those of the file that the link gives.
        content = await self._render(invoice)
        link = self.links.make(invoice, request.clock.now())
        return InvoiceLink(
            invoice_number=invoice.number,
            order_id=invoice.order_id,
            total=invoice.total,
            issued_at=invoice.issued_at,
            url=link.url,
            expires_at=link.expires_at,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )

    async def invoice_file(self, kit: Kit, number: str, *, expires: str, owner: str, signature: str) -> bytes:
        """The PDF, for whoever holds a good link. Raises ProblemError(FORBIDDEN | LINK_EXPIRED | INVOICE_NOT_FOUND)."""
        self.links.check(number, expires=expires, owner=owner, signature=signature, now=kit.clock.now())
        async with kit.db.read() as connection:
            invoice = await self.open(connection).invoice_by_number(number)
        if invoice is None:
            raise invoice_not_found()
        self.links.check_owner(invoice, owner)
        return await self._render(invoice)

    async def _render(self, invoice: Invoice) -> bytes:
        return await asyncio.to_thread(render_invoice, invoice, self.letterhead)
