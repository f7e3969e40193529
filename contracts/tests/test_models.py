"""The values that cross process boundaries: strict, immutable, exact about money, text and ids."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.base import ContractModel
from contracts.ids import ConversationId, IdempotencyKey, mask_id, new_id
from contracts.money import Money
from contracts.registry import CONTRACTS, AnyContract
from contracts.schema import input_schema
from contracts.tools.billing import InvoiceLookup, IssueRefundInput
from contracts.tools.orders import OrderLookup
from contracts.tools.tickets import CreateTicketInput, SendEmailInput
from contracts.turn import FinalMessage, Proposal, StreamEvent, ToolCall, Usage

REFUND = {"order_id": "1234", "amount_minor": 5000, "currency": "USD", "reason": "Broken."}


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (5000, "USD", "50.00 USD"),
        (5, "EUR", "0.05 EUR"),
        (0, "USD", "0.00 USD"),
        (5000, "JPY", "5000 JPY"),
        (1234, "KWD", "1.234 KWD"),
        (1_000_000_000, "USD", "10000000.00 USD"),
    ],
)
def test_money_is_written_with_the_digits_of_its_currency(amount: int, currency: str, written: str) -> None:
    assert str(Money(amount_minor=amount, currency=currency)) == written


@pytest.mark.parametrize("amount", [-1, 1_000_000_001, 1.0, "5", True, None])
def test_money_refuses_what_is_not_a_whole_number_of_minor_units(amount: Any) -> None:
    with pytest.raises(ValidationError):
        Money(amount_minor=amount, currency="USD")


@given(st.integers(0, 1_000_000_000), st.sampled_from(["USD", "JPY", "KWD"]))
def test_the_written_amount_is_the_amount(amount: int, currency: str) -> None:
    digits = str(Money(amount_minor=amount, currency=currency)).split()[0].replace(".", "")
    assert int(digits) == amount


def test_new_ids_sort_by_time_and_never_repeat() -> None:
    ids = [new_id("cnv") for _ in range(1000)]
    assert len(set(ids)) == len(ids)
    assert [one[:16] for one in ids] == sorted(one[:16] for one in ids)
    for one in ids:
        TypeAdapter(ConversationId).validate_python(one)


def test_an_idempotency_key_of_a_turn_fits_into_the_header() -> None:
    key = f"{new_id('cnv')}:{new_id('trn')}:{'t' * 64}:{'0' * 32}"
    assert TypeAdapter(IdempotencyKey).validate_python(key) == key


def test_an_id_is_shown_by_its_last_four_characters() -> None:
    assert mask_id("ABC123") == "••C123"


@pytest.mark.parametrize("given_ones", [{}, {"order_id": "ABC123", "email": "a@example.com"}, {"order_id": None}])
def test_an_order_is_looked_up_by_exactly_one_of_id_and_email(given_ones: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="either order_id or email"):
        OrderLookup.model_validate(given_ones)
    assert not jsonschema_rs.is_valid(input_schema(OrderLookup), given_ones)


def test_an_invoice_is_looked_up_by_exactly_one_of_order_and_number() -> None:
    with pytest.raises(ValidationError, match="either order_id or invoice_number"):
        InvoiceLookup.model_validate({})
    assert not jsonschema_rs.is_valid(input_schema(InvoiceLookup), {})


@pytest.mark.parametrize(
    "change",
    [{"amount_minor": 0}, {"amount_minor": -5}, {"amount_minor": 50.5}, {"amount_minor": "5000"}, {"currency": "usd"},
     {"order_id": "../1234"}, {"order_id": "' OR 1=1"}, {"reason": "   "}, {"reason": "a\x00b"},
     {"customer": "cust_ben"}],
)  # fmt: skip
def test_a_refund_that_is_not_exact_is_refused_by_the_model_and_by_its_schema(change: dict[str, Any]) -> None:
    arguments = {**REFUND, **change}
    with pytest.raises(ValidationError):
        IssueRefundInput.model_validate_json(json.dumps(arguments), strict=True)
    assert not jsonschema_rs.is_valid(input_schema(IssueRefundInput), arguments)


def test_a_subject_cannot_smuggle_a_mail_header() -> None:
    with pytest.raises(ValidationError):
        SendEmailInput(subject="Hello\r\nBcc: everyone@example.com", body="Hi.")
    with pytest.raises(ValidationError):
        CreateTicketInput(subject="Hello\nX: y", body="Hi.")


def test_a_value_cannot_be_changed_after_it_was_checked() -> None:
    refund = IssueRefundInput.model_validate(REFUND)
    with pytest.raises(ValidationError):
        refund.amount_minor = 1  # type: ignore[misc]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_every_input_and_output_is_a_contract_model(contract: AnyContract) -> None:
    assert issubclass(contract.input, ContractModel)
    assert issubclass(contract.output, ContractModel)


def test_a_proposal_is_one_of_two_shapes() -> None:
    proposal: TypeAdapter[ToolCall | FinalMessage] = TypeAdapter(Proposal)
    assert isinstance(proposal.validate_python({"kind": "tool_call", "name": "x", "arguments": {}}), ToolCall)
    assert isinstance(proposal.validate_python({"kind": "final_message", "text": "Hi"}), FinalMessage)
    with pytest.raises(ValidationError):
        proposal.validate_python({"kind": "shell", "text": "rm"})


def test_usage_adds_up() -> None:
    total = Usage(tokens_in=1, tokens_out=2, cost_micros=3) + Usage(tokens_in=10, tokens_out=20, cost_micros=30)
    assert total == Usage(tokens_in=11, tokens_out=22, cost_micros=33)


def test_every_stream_event_names_itself_in_its_event_field() -> None:
    schema = TypeAdapter(StreamEvent).json_schema()
    for name, definition in schema["discriminator"]["mapping"].items():
        assert re.fullmatch(r"[a-z]+", name)
        model = schema["$defs"][definition.rsplit("/", 1)[-1]]
        assert model["properties"]["event"]["const"] == name
