"""A schema and its model agree: what one accepts the other accepts, so nobody is refused late or let in early."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from pydantic import ValidationError

from contracts.registry import CONTRACTS, AnyContract
from contracts.schema import input_schema

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
SPOILED = ANYTHING | st.lists(ANYTHING, max_size=2) | st.dictionaries(st.text(max_size=4), ANYTHING, max_size=2)
NESTED = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_the_model_accepts_whatever_its_schema_accepts(contract: AnyContract) -> None:
    schema = input_schema(contract.input)
    validator = jsonschema_rs.validator_for(schema)

    @NESTED
    @given(from_schema(schema))
    def accepted(arguments: dict[str, Any]) -> None:
        if validator.is_valid(arguments):
            contract.input.model_validate_json(json.dumps(arguments))

    accepted()


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_the_schema_accepts_whatever_the_strict_model_accepts(contract: AnyContract) -> None:
    schema = input_schema(contract.input)
    validator = jsonschema_rs.validator_for(schema)

    @NESTED
    @given(from_schema(schema), st.sampled_from([*sorted(schema["properties"]), "invented"]), SPOILED)
    def agreed(arguments: dict[str, Any], field: str, spoiled: Any) -> None:
        changed = {**arguments, field: spoiled}
        try:
            contract.input.model_validate_json(json.dumps(changed), strict=True)
        except ValidationError:
            return
        trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in changed.items()}
        assert validator.is_valid(trimmed)

    agreed()
