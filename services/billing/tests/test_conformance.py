"""Billing keeps what every tool service promises."""

import pytest

from contracts.registry import contracts_of
from contracts.tool import Family
from contracts.tools.billing import APPROVE_REFUND, CLOSE_REFUND, GET_INVOICE_PDF, GET_REFUND, ISSUE_REFUND
from servicekit.testing.conformance import (
    ToolCase,
    ToolConformance,
    WriteConformance,
    assert_runs_like_the_others,
    assert_says_what_is_down,
)
from servicekit.testing.tool_client import ToolClient

from .shop import waiting

pytestmark = pytest.mark.service

SECRETS = ("INV-2026-0001", "18400", "184.00", "signature=", "Birch Street", "ending in 4242")
INVOICE = ToolCase(
    GET_INVOICE_PDF, {"order_id": "ABC123"}, {"invoice_number": "INV-2026-0001"}, secrets=SECRETS
)  # fmt: skip
LOOK_UP = ToolCase(GET_REFUND, {"order_id": "ABC123"}, {"order_id": "1234"}, secrets=SECRETS)
REFUND = ToolCase(
    ISSUE_REFUND,
    {"order_id": "ABC123", "amount_minor": 100, "currency": "USD", "reason": "It broke."},
    {"order_id": "ABC123", "amount_minor": 200, "currency": "USD", "reason": "It broke."},
    counted="SELECT count(*) FROM refunds",
    secrets=SECRETS,
)
APPROVAL = ToolCase(APPROVE_REFUND, {"refund_request_id": "rfd_1"}, {"refund_request_id": "rfd_2"}, secrets=SECRETS)
CLOSING = ToolCase(
    CLOSE_REFUND,
    {"refund_request_id": "rfd_1", "outcome": "denied"},
    {"refund_request_id": "rfd_2", "outcome": "denied"},
    secrets=SECRETS,
)


@pytest.fixture(params=[INVOICE, LOOK_UP, REFUND, APPROVAL, CLOSING], ids=str)
def case(request: pytest.FixtureRequest) -> ToolCase:
    found: ToolCase = request.param
    return found


@pytest.fixture(params=[ISSUE_REFUND.name, CLOSE_REFUND.name])
async def write(request: pytest.FixtureRequest, service: ToolClient) -> ToolCase:
    """Closing needs refunds that wait; a close's effect is the event that ends one."""
    if request.param == ISSUE_REFUND.name:
        return REFUND
    one, other = [{"refund_request_id": await waiting(service), "outcome": "denied"} for _ in range(2)]
    return ToolCase(
        CLOSE_REFUND, one, other, counted="SELECT count(*) FROM refund_events WHERE kind = 'denied'", secrets=SECRETS
    )


class TestTools(ToolConformance):
    """Each tool of billing."""


class TestWrites(WriteConformance):
    """The refund, and its end without money. What is approved by staff is tried in `test_approvals`."""


async def test_it_runs_like_the_others(service: ToolClient) -> None:
    await assert_runs_like_the_others(service, {contract.name for contract in contracts_of(Family.BILLING)})


async def test_readiness_names_the_database_when_it_is_down(down: ToolClient) -> None:
    await assert_says_what_is_down(down)
