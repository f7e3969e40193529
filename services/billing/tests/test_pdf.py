"""The page itself: names of all kinds, long orders, stable bytes."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader

from billing.backends.port import Invoice, InvoiceLine
from billing.pdf import Letterhead, render_invoice
from contracts.money import Money

LETTERHEAD = Letterhead("Hearth & Pine", ("14 Mill Lane", "Burlington"), "billing@shop.example")


def usd(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency="USD")


INVOICE = Invoice(
    number="INV-2026-0007",
    order_id="GHI789",
    customer_id="cust_ada",
    issued_at=datetime(2026, 3, 1, 14, 30, tzinfo=UTC),
    bill_to=("Ada Moreno", "27 Birch Street"),
    lines=(InvoiceLine("DRK-MUG", "Enamel mug", 2, usd(1600)),),
    shipping=usd(590),
    tax_label="Sales tax 6 %",
    tax=usd(215),
    total=usd(3790),
    payment="PayPal",
)


def _pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(content)).pages]


def test_the_sums_are_those_of_the_lines() -> None:
    (page,) = _pages(render_invoice(INVOICE, LETTERHEAD))
    assert "Enamel mug (DRK-MUG) 2 16.00 USD 32.00 USD" in page
    assert "Items 32.00 USD\nShipping 5.90 USD\nTotal 37.90 USD\nIncluded Sales tax 6 % 2.15 USD" in page
    assert "Issued on 01 March 2026" in page


def test_a_currency_without_minor_units_has_no_decimals() -> None:
    yen = Money(amount_minor=5000, currency="JPY")
    (page,) = _pages(render_invoice(replace(INVOICE, total=yen, shipping=yen), LETTERHEAD))
    assert "Total 5000 JPY" in page


@pytest.mark.parametrize(
    "name",
    ["Hana Kov\u00e1\u0159", "\u0141ukasz \u017b\u00f3\u0142w", "\u0413\u0430\u043b\u0438\u043d\u0430", "Dagny \u20ac"],
)
def test_names_are_spelled_as_their_owners_spell_them(name: str) -> None:
    (page,) = _pages(render_invoice(replace(INVOICE, bill_to=(name, "Street 1")), LETTERHEAD))
    assert name in page


def test_a_long_order_goes_on_to_further_pages_with_the_head_repeated() -> None:
    lines = tuple(InvoiceLine(f"SKU-{n}", f"Thing number {n}", 1, usd(100)) for n in range(80))
    pages = _pages(render_invoice(replace(INVOICE, lines=lines), LETTERHEAD))
    assert len(pages) == 3
    assert all("Description Qty Unit price Amount" in page for page in pages)
    assert all(f"Page {number}" in page for number, page in enumerate(pages, 1))
    assert "".join(pages).count("Thing number") == 80


def test_a_long_description_is_wrapped_and_not_cut() -> None:
    words = "a tent for two people and one large wet dog with all that belongs to it " * 4
    line = InvoiceLine("TNT-DOG", words.strip(), 1, usd(100))
    (page,) = _pages(render_invoice(replace(INVOICE, lines=(line,)), LETTERHEAD))
    assert words.split() == page[page.index("a tent") : page.index("(TNT-DOG)")].split()


def test_the_same_invoice_is_the_same_bytes_and_another_is_not() -> None:
    assert render_invoice(INVOICE, LETTERHEAD) == render_invoice(INVOICE, LETTERHEAD)
    assert render_invoice(INVOICE, LETTERHEAD) != render_invoice(replace(INVOICE, payment="Apple Pay"), LETTERHEAD)


def test_the_file_carries_its_title_and_no_time_but_the_invoices() -> None:
    found = PdfReader(BytesIO(render_invoice(INVOICE, LETTERHEAD))).metadata
    assert found is not None
    assert (found.title, found.author) == ("Invoice INV-2026-0007", "Hearth & Pine")
    assert found.creation_date == INVOICE.issued_at
