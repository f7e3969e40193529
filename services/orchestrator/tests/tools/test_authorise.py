"""Who may be offered a tool and who may call it: identity and contract decide, never the model."""

from dataclasses import replace
from typing import Any, Literal

import pytest

from contracts.errors import ProblemCode
from contracts.manifest import entry_from_contract
from contracts.registry import CONTRACTS, AnyContract, find_contract
from contracts.tool import ApprovalRule, Confirmation
from orchestrator.tools.authorise import may_be_offered, refusal
from orchestrator.tools.calls import CallRequest
from orchestrator.tools.entry import ToolEntry, make_entry


def entry(name: str) -> ToolEntry:
    contract = find_contract(name)
    assert contract is not None
    return make_entry(entry_from_contract(contract), "http://tool.example")


def refund(amount: Any, **fields: Any) -> CallRequest:
    request = CallRequest(
        tool="issue_refund", arguments={"order_id": "1234", "amount_minor": amount, "currency": "USD", "reason": "x"},
        subject="cust_ada", role="customer", conversation_id="cnv_1", turn_id="trn_1", request_id="r", timeout_s=1.0,
        digest="a" * 64,
    )  # fmt: skip
    return replace(request, **fields)


def test_a_guest_is_offered_the_guest_tools_only() -> None:
    offered = {one.name for one in CONTRACTS if may_be_offered(entry(one.name), customer=False)}
    assert offered == {"search_kb", "create_ticket", "handoff_human"}


def test_a_customer_is_offered_everything_but_what_is_the_shops_own() -> None:
    offered = {one.name for one in CONTRACTS if may_be_offered(entry(one.name), customer=True)}
    assert offered == {one.name for one in CONTRACTS} - {"slack_post_message", "approve_refund", "close_refund"}


@pytest.mark.parametrize("contract", [one for one in CONTRACTS if one.is_write], ids=lambda one: one.name)
def test_no_write_is_offered_that_nobody_confirms_but_the_hand_over(contract: AnyContract) -> None:
    if may_be_offered(entry(contract.name), customer=True):
        assert contract.confirmation is Confirmation.CUSTOMER or contract.name == "handoff_human"


@pytest.mark.parametrize(
    ("amount", "approver", "expected"),
    [
        (10_000, None, None),
        (10_001, None, ProblemCode.APPROVAL_REQUIRED),
        (10_001, "staff_eve", None),
        (10_001, "cust_ada", ProblemCode.APPROVAL_REQUIRED),
        ("many", None, ProblemCode.APPROVAL_REQUIRED),
        (None, None, ProblemCode.APPROVAL_REQUIRED),
        (10_001.0, None, ProblemCode.APPROVAL_REQUIRED),
    ],
)
def test_a_refund_over_the_limit_needs_somebody_else(amount: Any, approver: str | None, expected: Any) -> None:
    limited = replace(entry("issue_refund"), approval=ApprovalRule(argument="amount_minor", over=10_000))
    assert refusal(limited, refund(amount, approvers=(approver,) if approver else ())) is expected


def test_nobody_moves_money_without_the_customers_word() -> None:
    assert refusal(entry("issue_refund"), refund(5, digest=None)) is ProblemCode.CONFIRMATION_REQUIRED


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
@pytest.mark.parametrize("role", ["guest", "customer"])
def test_a_guest_calls_guest_tools_only(contract: AnyContract, role: Literal["guest", "customer"]) -> None:
    code = refusal(entry(contract.name), refund(5, role=role), preview=contract.is_write)
    assert (code is ProblemCode.UNAUTHENTICATED) == (role == "guest" and not contract.guests)
