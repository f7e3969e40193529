"""Schemas stand by themselves: a model, a validator and a person can read each without any other file."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from contracts.base import ContractModel
from contracts.registry import CONTRACTS, AnyContract
from contracts.schema import canonical_json, input_schema, output_schema, schema_digest, union_schema
from contracts.turn import StreamEvent

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Branch(ContractModel):
    branches: tuple["Branch", ...] = ()


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_no_schema_points_anywhere_else(contract: AnyContract) -> None:
    for schema in (input_schema(contract.input), output_schema(contract.output)):
        assert "$ref" not in json.dumps(schema)
        assert "$defs" not in schema
        jsonschema_rs.meta.validate(schema)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_an_input_is_closed_and_an_output_is_open(contract: AnyContract) -> None:
    assert input_schema(contract.input)["additionalProperties"] is False
    assert "additionalProperties" not in json.dumps(output_schema(contract.output))


def test_the_events_of_the_stream_are_one_self_contained_union() -> None:
    schema = union_schema(TypeAdapter(StreamEvent), mode="serialization")
    assert {one["properties"]["event"]["const"] for one in schema["oneOf"]} >= {"chunk", "end", "error"}
    assert "$ref" not in json.dumps(schema)


def test_a_property_called_title_is_kept_although_generated_titles_are_not() -> None:
    passage = output_schema(_contract("search_kb").output)["properties"]["passages"]["items"]
    assert passage["properties"]["title"] == {"type": "string"}
    assert "title" not in passage


def test_a_recursive_model_is_refused_with_its_name() -> None:
    with pytest.raises(ValueError, match="Branch is recursive"):
        input_schema(Branch)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_canonical_json_does_not_depend_on_the_order_of_keys(value: dict[str, Any]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical_json(value) == canonical_json(backwards)
    assert json.loads(canonical_json(value)) == value
    assert schema_digest(value) == schema_digest(backwards)


def test_canonical_json_refuses_what_is_not_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"amount": float("nan")})


def _contract(name: str) -> AnyContract:
    return next(contract for contract in CONTRACTS if contract.name == name)
