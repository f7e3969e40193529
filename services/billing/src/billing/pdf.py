"""An invoice as a PDF. The same invoice and letterhead always give the same bytes, so the file's sha256 is stable.

The built-in Helvetica is drawn in about 5 ms; names that it cannot spell get Roboto, embedded, in about 100 ms.
"""

from dataclasses import dataclass
from importlib.resources import files

from fpdf import FPDF

from billing.backends.port import Invoice
from contracts.money import Money

_INK, _GREY, _RULE, _ACCENT = (33, 37, 41), (110, 117, 125), (205, 210, 214), (38, 84, 62)
_WIDTHS = (92, 18, 32, 32)  # description, quantity, unit price, amount; millimetres


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who sends the invoice. `address` are its lines."""

    name: str
    address: tuple[str, ...]
    email: str


def render_invoice(invoice: Invoice, letterhead: Letterhead) -> bytes:
    """The PDF: letterhead, addressee, lines, totals. Blocks for some milliseconds, so it belongs in a thread."""
    page = _Page(invoice, letterhead)
    page.draw()
    return bytes(page.output())


class _Page(FPDF):
    """A4 portrait; the columns' head is repeated where the lines go on to another page."""

    def __init__(self, invoice: Invoice, letterhead: Letterhead) -> None:
        super().__init__(format="A4")
        self._invoice = invoice
        self._letterhead = letterhead
        self._face = self._choose_face()
        self.set_creation_date(invoice.issued_at)
        self.set_title(f"Invoice {invoice.number}")
        self.set_author(letterhead.name)
        self.set_lang("en")
        self.set_margins(18, 18)
        self.set_auto_page_break(auto=True, margin=24)

    def _choose_face(self) -> str:
        self.core_fonts_encoding = "cp1252"
        invoice, head = self._invoice, self._letterhead
        lines = (text for line in invoice.lines for text in (line.description, line.sku))
        text = "".join(
            (*invoice.bill_to, *lines, invoice.payment, invoice.tax_label, head.name, *head.address, head.email)
        )
        if _fits(text, "cp1252"):
            return "Helvetica"
        folder = files("font_roboto") / "files"
        self.add_font("Roboto", "", str(folder / "Roboto-Regular.ttf"))
        self.add_font("Roboto", "B", str(folder / "Roboto-Bold.ttf"))
        return "Roboto"

    def draw(self) -> None:
        """Everything but the footer, which fpdf calls for by itself."""
        self.add_page()
        self._draw_letterhead()
        self._draw_addressee()
        self._draw_lines()
        self._draw_totals()

    def footer(self) -> None:
        """Page numbers and whom to ask."""
        self.set_y(-16)
        self._ink(8, colour=_GREY)
        text = f"{self._letterhead.name} \u00b7 {self._letterhead.email} \u00b7 Invoice {self._invoice.number}"
        self.cell(0, 5, f"{text} \u00b7 Page {self.page_no()}", align="C")

    def _ink(self, size: int, *, bold: bool = False, colour: tuple[int, int, int] = _INK) -> None:
        self.set_font(self._face, "B" if bold else "", size)
        self.set_text_color(*colour)

    def _row(self, text: str, *, height: float = 5, align: str = "L") -> None:
        self.cell(0, height, text, align=align, new_x="LMARGIN", new_y="NEXT")

    def _draw_letterhead(self) -> None:
        self._ink(20, bold=True, colour=_ACCENT)
        self._row(self._letterhead.name, height=10)
        self._ink(9, colour=_GREY)
        for line in (*self._letterhead.address, self._letterhead.email):
            self._row(line)
        self.set_draw_color(*_ACCENT)
        self.set_line_width(0.6)
        self.line(self.l_margin, self.get_y() + 3, self.w - self.r_margin, self.get_y() + 3)
        self.ln(10)

    def _draw_addressee(self) -> None:
        top = self.get_y()
        self._ink(9, colour=_GREY)
        self._row("Bill to")
        self._ink(10)
        for line in self._invoice.bill_to:
            self._row(line)
        bottom = self.get_y()
        self.set_y(top)
        self._ink(14, bold=True)
        self._row(f"Invoice {self._invoice.number}", height=7, align="R")
        self._ink(10)
        self._row(f"Issued on {self._invoice.issued_at:%d %B %Y}", align="R")
        self._row(f"Order {self._invoice.order_id}", align="R")
        self.set_y(max(bottom, self.get_y()) + 8)

    def _draw_lines(self) -> None:
        # In a table each cell is a flow of its own, so that a long description wraps and the row grows with it.
        self._ink(10)
        self.set_draw_color(*_RULE)
        self.set_line_width(0.2)
        with self.table(
            col_widths=_WIDTHS, text_align=("LEFT", "RIGHT", "RIGHT", "RIGHT"), line_height=5, padding=1,
            borders_layout="HORIZONTAL_LINES", width=sum(_WIDTHS), align="LEFT",
        ) as table:  # fmt: skip
            table.row(("Description", "Qty", "Unit price", "Amount"))
            for line in self._invoice.lines:
                amount = _times(line.unit_price, line.quantity)
                table.row((f"{line.description} ({line.sku})", str(line.quantity), str(line.unit_price), str(amount)))

    def _draw_totals(self) -> None:
        invoice = self._invoice
        goods = sum(line.unit_price.amount_minor * line.quantity for line in invoice.lines)
        self.ln(4)
        self._total("Items", Money(amount_minor=goods, currency=invoice.total.currency))
        self._total("Shipping", invoice.shipping)
        self._total("Total", invoice.total, bold=True)
        self._total(f"Included {invoice.tax_label}", invoice.tax)
        self.ln(6)
        self._ink(10)
        self._row(f"Paid by {invoice.payment}. Thank you for your order.")

    def _total(self, label: str, amount: Money, *, bold: bool = False) -> None:
        self._ink(11 if bold else 10, bold=bold)
        self.cell(sum(_WIDTHS[:3]), 6, label, align="R")
        self.cell(_WIDTHS[3], 6, str(amount), align="R", new_x="LMARGIN", new_y="NEXT")


def _times(price: Money, quantity: int) -> Money:
    return Money(amount_minor=price.amount_minor * quantity, currency=price.currency)


def _fits(text: str, encoding: str) -> bool:
    return text.encode(encoding, "ignore").decode(encoding) == text
