"""Reading arguments strictly, for whatever bytes arrive."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import FieldError, ProblemCode
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
    ["order_id", "email", "query", "limit", "top_k", "amount_minor", "currency", "note", "product_tags", "body"]
)


def read(raw, contract=SEARCH_KB):
    return parse_arguments(contract, parse_object(raw))[0]


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


@pytest.mark.parametrize(("spelled", "count"), [(b"5.0", 5), (b"5e0", 5), (b"1E1", 10), (b"50e-1", 5)])
def test_a_whole_number_is_an_integer_however_it_is_spelled(spelled, count):
    raw = b'{"query": "returns", "top_k": ' + spelled + b"}"
    assert read(raw).top_k == count
    assert orjson.dumps(parse_object(raw)) == orjson.dumps({"query": "returns", "top_k": count})


@pytest.mark.parametrize("spelled", [b"5.5", b"9007199254740993.0", b"18446744073709551617", b"1e300", b"5.000000001"])
def test_no_number_becomes_an_integer_that_it_is_not(spelled):
    raw = b'{"query": "a", "top_k": ' + spelled + b"}"
    assert isinstance(parse_object(raw)["top_k"], float)
    assert [error.pointer for error in refused(raw).errors] == ["/top_k"]


def test_nesting_is_bounded_and_said_so():
    deep = b'{"a": ' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    assert parse_object(deep)
    assert refused(b'{"a": ' + deep + b"}").code is ProblemCode.MALFORMED_BODY


def test_errors_are_few_and_short():
    raw = orjson.dumps({f"{'x' * 300}{n}": n for n in range(100)})
    problem = refused(raw)
    assert len(problem.errors) == 20
    assert max(len(error.pointer) for error in problem.errors) <= 65


def rated(*, removed=False):
    """A contract whose argument `number` is now called `order_id`."""
    old = Deprecation(
        argument="number", since="2026-01-01", remove_after="2026-02-01", replaced_by="order_id", removed=removed
    )
    return ToolContract(
        name="t", family=Family.ORDERS, version="2.0.0", description="", input=GET_ORDER.input, output=GET_ORDER.output,
        effect=ToolEffect.READ, scope="s", risk=RiskTier.LOW, timeout_ms=1, deprecations=(old,),
    )  # fmt: skip


def test_an_old_shape_is_read_as_the_new_one_and_named():
    raw = b'{"number": "ABC123"}'
    arguments, old_shape = parse_arguments(rated(), parse_object(raw))
    assert arguments == GET_ORDER.input(order_id="ABC123")
    assert old_shape == rated().deprecations


@pytest.mark.parametrize("number", ["ABC123", "XYZ789"])
def test_an_argument_is_given_under_one_of_its_names(number):
    problem = refused(orjson.dumps({"number": number, "order_id": "ABC123"}), rated())
    assert (problem.code, [error.pointer for error in problem.errors]) == (ProblemCode.INVALID_REQUEST, ["/number"])
    assert "'number' is the old name of 'order_id'" in problem.detail


def test_a_wrong_value_is_pointed_at_under_the_name_that_was_sent():
    assert [error.pointer for error in refused(b'{"number": 5}', rated()).errors] == ["/number"]
    assert [error.pointer for error in refused(b'{"order_id": 5}', rated()).errors] == ["/order_id"]


@pytest.mark.parametrize("raw", [b'{"number": "ABC123"}', b'{"number": null, "order_id": "ABC123"}'])
def test_a_removed_argument_names_its_replacement(raw):
    problem = refused(raw, rated(removed=True))
    assert (problem.code, problem.status) == (ProblemCode.ARGUMENT_REMOVED, 422)
    assert problem.errors == (
        FieldError(pointer="/number", detail="The argument 'number' was removed; use 'order_id' instead."),
    )


def test_limits_are_no_laxer_in_the_old_shape():
    problem = refused(b'{"query": "returns", "limit": 11}')
    assert [error.pointer for error in problem.errors] == ["/limit"]
    assert read(b'{"query": "returns", "limit": 10}').top_k == 10


def test_a_number_that_is_too_large_for_a_machine_is_no_other_number_in_the_old_shape():
    assert [error.pointer for error in refused(b'{"query": "a", "limit": 18446744073709551617}').errors] == ["/limit"]
