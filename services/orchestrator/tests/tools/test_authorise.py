"""Who may be offered a tool and who may call it: identity and contract decide, never the model."""

from dataclasses import replace
from typing import Any, Literal

import pytest

from contracts.errors import ProblemCode
from contracts.manifest import entry_from_contract
from contracts.registry import CONTRACTS, AnyContract, find_contract
from contracts.tool import ApprovalRule, Confirmation, RiskTier, ToolEffect
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
        args_hash="0" * 32, subject="cust_ada", role="customer", conversation_id="cnv_1", turn_id="trn_1",
        request_id="r", timeout_s=1.0, digest="a" * 64,
    )  # fmt: skip
    return replace(request, **fields)


def test_a_guest_is_offered_the_guest_tools_only() -> None:
    offered = {one.name for one in CONTRACTS if may_be_offered(entry(one.name), customer=False)}
    assert offered == {"search_kb", "create_ticket", "handoff_human"}


def test_a_guest_who_can_prove_an_address_is_offered_three_reads_more_and_nothing_that_changes_anything() -> None:
    offered = {one.name for one in CONTRACTS if may_be_offered(entry(one.name), customer=False, may_prove=True)}
    assert offered == {"search_kb", "create_ticket", "handoff_human", "get_order", "get_order_status", "list_orders"}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_a_proven_address_sends_no_call_but_those_reads(contract: AnyContract) -> None:
    asked = refund(100, tool=contract.name, subject="guest_1", role="guest", approvers=("kim",))
    proven = replace(asked, proven_email="ada@example.com")
    if contract.name in ("get_order", "get_order_status", "list_orders"):
        assert refusal(entry(contract.name), asked) is ProblemCode.UNAUTHENTICATED
        assert refusal(entry(contract.name), proven) is None
    else:
        assert refusal(entry(contract.name), proven) is refusal(entry(contract.name), asked)


def test_a_tool_of_which_we_know_better_is_not_opened_by_what_its_service_says() -> None:
    contract = find_contract("get_invoice_pdf")
    assert contract is not None
    served = entry_from_contract(contract).model_copy(update={"proven_address": True})
    assert not make_entry(served, "http://tool.example").proven_address
    note = find_contract("get_order")
    assert note is not None
    writes = entry_from_contract(note).model_copy(update={"name": "new_tool", "effect": ToolEffect.WRITE})
    assert not make_entry(writes, "http://tool.example").proven_address


def test_a_customer_is_offered_everything_but_what_is_the_shops_own() -> None:
    offered = {one.name for one in CONTRACTS if may_be_offered(entry(one.name), customer=True)}
    assert offered == {one.name for one in CONTRACTS} - {
        "slack_post_message", "email_answer", "approve_refund", "close_refund",
    }  # fmt: skip


def test_while_text_of_others_is_in_the_turn_no_write_is_offered_but_a_person() -> None:
    for customer in (True, False):
        offered = [one for one in CONTRACTS if may_be_offered(entry(one.name), customer=customer, may_write=False)]
        assert [one.name for one in offered if one.is_write] == ["handoff_human"]
        assert "search_kb" in {one.name for one in offered}


@pytest.mark.parametrize("contract", [one for one in CONTRACTS if one.is_write], ids=lambda one: one.name)
def test_nor_does_its_preview_leave_the_house(contract: AnyContract) -> None:
    request = refund(100, tool=contract.name, digest=None, tainted=True)
    needs_yes = contract.confirmation is Confirmation.CUSTOMER
    expected = ProblemCode.CONFIRMATION_REQUIRED if needs_yes else None
    assert refusal(entry(contract.name), request, preview=True) is expected


def test_what_was_confirmed_before_is_carried_out() -> None:
    assert refusal(entry("issue_refund"), refund(100, tainted=True)) is None


@pytest.mark.parametrize(
    ("told", "free_text", "may_say"),
    [
        (None, ("passages", "query"), ("query", "passages")), (("missing",), ("missing", "passages", "query"), None),
        ((), ("passages", "query"), None), (("*",), ("*", "passages", "query"), None),
    ],
)  # fmt: skip
def test_a_manifest_may_add_running_text_to_a_tool_that_we_know_and_take_none_away(
    told: Any, free_text: Any, may_say: Any
) -> None:
    contract = find_contract("search_kb")
    assert contract is not None
    served = entry_from_contract(contract).model_copy(update={"free_text": told})
    made = make_entry(served, "http://tool.example")
    assert (made.free_text, made.may_say) == (free_text, may_say or contract.free_text)


def test_of_a_stranger_that_does_not_tell_everything_is_text_of_others_and_no_argument_may_say_anything() -> None:
    contract = find_contract("get_order")
    assert contract is not None
    stranger = entry_from_contract(contract).model_copy(update={"name": "read_mail", "free_text": None})
    assert (made := make_entry(stranger, "http://tool.example")).free_text == ("*",)
    assert made.may_say == ()
    told = make_entry(stranger.model_copy(update={"free_text": ("note",)}), "http://tool.example")
    assert (told.free_text, told.may_say) == (("note",), ("note",))


def test_a_manifest_cannot_call_money_harmless() -> None:
    contract = find_contract("issue_refund")
    assert contract is not None
    served = entry_from_contract(contract).model_copy(update={"risk": RiskTier.LOW})
    assert make_entry(served, "http://tool.example").risk is RiskTier.MONEY


@pytest.mark.parametrize("told", Confirmation)
@pytest.mark.parametrize("name", ["approve_refund", "issue_refund"])
def test_whoever_asks_more_people_is_heard(name: str, told: Confirmation) -> None:
    contract = find_contract(name)
    assert contract is not None
    made = make_entry(entry_from_contract(contract).model_copy(update={"confirmation": told}), "http://tool.example")
    order = list(Confirmation)
    assert order.index(made.confirmation) == max(order.index(told), order.index(contract.confirmation))


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
