"""Order and invoice numbers, where the words before them say so."""

import re
from collections.abc import Iterator

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind

_ORDER = re.compile(
    r"\b(?:orders?|invoices?|bestell(?:ung|nummer|nr)|auftrag|rechnung|commande|facture|pedido|factura|ordine|fattura"
    r"|bestelling|factuur)"
    r"(?:[ ]?(?:number|no|nr|num|n[°º]|nummer|numéro|número|numero)\b\.?)?[ :#]{0,4}"
    r"(?P<id>(?=[a-z0-9-]*\d)[a-z0-9][a-z0-9-]{2,31})\b"
    r"|(?<![\w#&/])#(?P<bare>\d{3,12})\b"
)


def orders(page: Page) -> Iterator[Claim]:
    """The numbers alone, without the words."""
    for found in _ORDER.finditer(page.lower):
        start, end = found.span(found.lastgroup or 0)
        yield Claim(strengths.ORDER, Kind.ORDER, start, end)
