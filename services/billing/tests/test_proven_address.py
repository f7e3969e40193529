"""A mail address that a guest has proven opens nothing in billing, also not with a good grant."""

import pytest

from contracts.errors import ProblemCode
from contracts.tools.billing import CONTRACTS, GET_INVOICE_PDF, GET_REFUND, ISSUE_REFUND
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ADA, PROVEN, ToolClient

from .shop import asking, given_back, paid

pytestmark = pytest.mark.service


async def test_no_invoice_is_shown_and_no_refund_is_told_of(service: ToolClient) -> None:
    for contract, lookup in ((GET_INVOICE_PDF, {"order_id": "ABC123"}), (GET_REFUND, {"order_id": "ABC123"})):
        answer = await service.call(contract, lookup, PROVEN)
        assert_problem(answer, ProblemCode.FORBIDDEN)
        assert "sign in" in answer.json()["detail"]


async def test_no_money_moves(service: ToolClient) -> None:
    order = await paid(service, 12_900, ADA)
    assert_problem(await service.preview(ISSUE_REFUND, asking(order, 5_000), PROVEN), ProblemCode.FORBIDDEN)
    grant = await service.confirm(ISSUE_REFUND, asking(order, 5_000), ADA)
    refused = await service.call(ISSUE_REFUND, asking(order, 5_000), PROVEN, grant=grant)
    assert_problem(refused, ProblemCode.FORBIDDEN)
    assert await given_back(service, order) == []


async def test_the_manifest_offers_it_nothing(service: ToolClient) -> None:
    manifest = (await service.http.get("/.well-known/tools.json")).json()
    assert {one["proven_address"] for one in manifest["tools"]} == {False}
    assert not any(contract.proven_address for contract in CONTRACTS)
