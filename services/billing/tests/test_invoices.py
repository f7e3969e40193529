"""Customers get a link to their own invoices, and the link gives the PDF that was announced."""

import hashlib
from dataclasses import replace
from io import BytesIO

import httpx
import pytest
from pypdf import PdfReader

from contracts.errors import ProblemCode
from contracts.tools.billing import GET_INVOICE_PDF, InvoiceLink
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ADA, ToolClient

pytestmark = pytest.mark.service
BEN = replace(ADA, subject="cust_ben")


@pytest.mark.parametrize("lookup", [{"order_id": "abc123"}, {"invoice_number": "INV-2026-0001"}], ids=str)
async def test_a_customer_gets_a_link_by_order_or_by_number(service: ToolClient, lookup: dict[str, str]) -> None:
    link = await _link(service, lookup)
    assert (link.invoice_number, link.order_id, str(link.total)) == ("INV-2026-0001", "ABC123", "184.00 USD")
    assert (link.expires_at - service.clock.now()).total_seconds() == 600


async def test_the_link_gives_the_announced_file(service: ToolClient) -> None:
    link = await _link(service, {"order_id": "ABC123"})
    file = await service.http.get(link.url)
    assert file.status_code == 200
    assert (len(file.content), hashlib.sha256(file.content).hexdigest()) == (link.size_bytes, link.sha256)
    assert file.headers["content-type"] == "application/pdf"
    assert file.headers["content-disposition"] == 'attachment; filename="INV-2026-0001.pdf"'
    assert file.headers["cache-control"] == "no-store"
    assert file.headers.get_list("x-content-type-options") == ["nosniff"]


async def test_the_file_says_what_was_bought_and_paid(service: ToolClient) -> None:
    link = await _link(service, {"order_id": "ABC123"})
    text = _text(await service.http.get(link.url))
    for said in (
        "Hearth & Pine", "14 Mill Lane", "Invoice INV-2026-0001", "Order ABC123", "Ada Moreno", "27 Birch Street",
        "Ember gas stove (STV-GAS) 1 64.00 USD 64.00 USD", "Forged hatchet (AXE-HATCH) 1 75.00 USD 75.00 USD",
        "Shipping 0.00 USD", "Total 184.00 USD", "Included Sales tax 6 % 10.42 USD", "Visa ending in 4242",
    ):  # fmt: skip
        assert said in text


async def test_the_same_invoice_is_the_same_file_each_time(service: ToolClient, clock: FakeClock) -> None:
    first = await _link(service, {"order_id": "ABC123"})
    clock.advance(61)
    second = await _link(service, {"order_id": "ABC123"})
    assert first.sha256 == second.sha256
    assert first.url != second.url


async def test_an_order_with_several_invoices_gives_the_newest(service: ToolClient, clock: FakeClock) -> None:
    async with service.kit.db.transaction() as connection:
        await connection.execute(
            "INSERT INTO invoices SELECT 'INV-2026-9001', order_id, customer_id, currency, shipping_minor, tax_minor,"
            " tax_label, total_minor, bill_to, payment, $1 FROM invoices WHERE number = 'INV-2026-0001'",
            clock.now(),
        )
    response = await service.call(GET_INVOICE_PDF, {"order_id": "ABC123"})
    async with service.kit.db.transaction() as connection:
        await connection.execute("DELETE FROM invoices WHERE number = 'INV-2026-9001'")
    assert response.json()["invoice_number"] == "INV-2026-9001"


@pytest.mark.parametrize("lookup", [{"order_id": "ABC123"}, {"invoice_number": "INV-2026-0001"}], ids=str)
async def test_another_customers_invoice_looks_just_like_one_that_does_not_exist(
    service: ToolClient, lookup: dict[str, str]
) -> None:
    foreign = await service.call(GET_INVOICE_PDF, lookup, BEN)
    unknown = await service.call(GET_INVOICE_PDF, {"order_id": "NOPE999"}, BEN)
    assert_problem(foreign, ProblemCode.INVOICE_NOT_FOUND)
    assert {**foreign.json(), "trace_id": ""} == {**unknown.json(), "trace_id": ""}
    assert set(foreign.headers) == set(unknown.headers)


async def test_an_order_that_has_not_been_sent_has_no_invoice_yet(service: ToolClient) -> None:
    assert_problem(await service.call(GET_INVOICE_PDF, {"order_id": "XYZ789"}, BEN), ProblemCode.INVOICE_NOT_FOUND)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"order_id": "ABC123", "invoice_number": "INV-2026-0001"}, {"invoice_number": "inv-2026-0001"},
     {"invoice_number": "../../etc/passwd"}, {"invoice_number": "INV\u00002026"}],
    ids=str,
)  # fmt: skip
async def test_a_look_up_that_makes_no_sense_is_refused(service: ToolClient, arguments: dict[str, str]) -> None:
    assert_problem(await service.call(GET_INVOICE_PDF, arguments), ProblemCode.INVALID_REQUEST)


async def _link(service: ToolClient, lookup: dict[str, str]) -> InvoiceLink:
    response = await service.call(GET_INVOICE_PDF, lookup)
    assert response.status_code == 200, response.text
    return InvoiceLink.model_validate_json(response.content)


def _text(file: httpx.Response) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(file.content)).pages)
