"""Billing keeps what every tool service promises."""

import pytest

from contracts.tools.billing import GET_INVOICE_PDF
from servicekit.testing.conformance import (
    ToolCase,
    ToolConformance,
    assert_runs_like_the_others,
    assert_says_what_is_down,
)
from servicekit.testing.tool_client import ToolClient

pytestmark = pytest.mark.service

INVOICE = ToolCase(
    GET_INVOICE_PDF,
    {"order_id": "ABC123"},
    {"invoice_number": "INV-2026-0001"},
    secrets=("INV-2026-0001", "18400", "signature=", "Birch Street"),
)


@pytest.fixture
def case() -> ToolCase:
    return INVOICE


class TestTools(ToolConformance):
    """The invoice."""


async def test_it_runs_like_the_others(service: ToolClient) -> None:
    await assert_runs_like_the_others(service, {"get_invoice_pdf"})


async def test_readiness_names_the_database_when_it_is_down(down: ToolClient) -> None:
    await assert_says_what_is_down(down)
