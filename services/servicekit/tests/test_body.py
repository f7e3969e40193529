"""Reading arguments strictly, for whatever bytes arrive."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ProblemCode
from contracts.registry import CONTRACTS
from contracts.tool import Deprecation, Family, RiskTier, ToolContract, ToolEffect
from contracts.tools.orders import GET_ORDER
from contracts.tools.retrieval import SEARCH_KB
from servicekit.errors import ProblemError
from servicekit.tool_router.body import MAX_DEPTH, parse_arguments, parse_object

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=25,
)
FIELDS = st.sampled_from(
    ["order_id", "email", "query", "limit", "amount_minor", "currency", "note", "product_tags", "body"]
)


def read(raw, contract=SEARCH_KB):
    parse_object(raw)
    return parse_arguments(contract, raw)


def refused(raw, contract=SEARCH_KB):
    with pytest.raises(ProblemError) as caught:
        read(raw, contract)
    return caught.value.problem


def outcome(work, *arguments):
    """What comes of it: a value, or a problem; any other exception is a failure of the test."""
    try:
        return work(*arguments)
    except ProblemError as error:
        return error.problem


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_a_problem(raw):
    found = outcome(parse_object, raw)
    assert isinstance(found, dict) or found.status in (400, 422)


@given(st.sampled_from(CONTRACTS), st.dictionaries(FIELDS, JSON, max_size=5))
def test_any_json_is_good_arguments_or_a_problem_that_can_be_sent(contract, value):
    raw = json.dumps(value).encode()
    found = outcome(read, raw, contract)
    assert isinstance(found, contract.input) or found.status in (400, 422)
    assert orjson.dumps(found.model_dump(mode="json"))


def test_a_number_in_quotes_is_no_number():
    problem = refused(b'{"query": "returns", "limit": "5"}')
    assert [error.pointer for error in problem.errors] == ["/limit"]


def test_nesting_is_bounded_and_said_so():
    deep = b'{"a": ' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    assert parse_object(deep)
    assert refused(b'{"a": ' + deep + b"}").code is ProblemCode.MALFORMED_BODY


def test_errors_are_few_and_short():
    raw = orjson.dumps({f"{'x' * 300}{n}": n for n in range(100)})
    problem = refused(raw)
    assert len(problem.errors) == 20
    assert max(len(error.pointer) for error in problem.errors) <= 65


def test_a_removed_argument_names_its_replacement():
    contract = ToolContract(
        name="t", family=Family.ORDERS, version="2.0.0", description="", input=GET_ORDER.input, output=GET_ORDER.output,
        effect=ToolEffect.READ, scope="s", risk=RiskTier.LOW, timeout_ms=1,
        deprecations=(
            Deprecation(argument="id", since="2026-01-01", remove_after="2026-02-01", replaced_by="order_id"),
        ),
    )  # fmt: skip
    problem = refused(b'{"id": "ABC123"}', contract)
    assert "order_id" in {error.pointer: error.detail for error in problem.errors}["/id"]
