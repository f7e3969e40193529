"""A schema and its model agree: what one accepts the other accepts, so nobody is refused late or let in early."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.registry import CONTRACTS, AnyContract
from contracts.schema import input_schema

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
SPOILED = ANYTHING | st.lists(ANYTHING, max_size=2) | st.dictionaries(st.text(max_size=4), ANYTHING, max_size=2)
NESTED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def values(schema: dict[str, Any], *, odd: bool = True) -> st.SearchStrategy[Any]:
    """Values for the part of JSON Schema that inputs use; rules between fields are left to the caller.

    Half of the texts are `odd` or else none: of several odd ones nearly always one is refused.
    """
    if "anyOf" in schema:
        return st.one_of([values(one, odd=odd) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "object":
            fields = {name: values(one, odd=odd) for name, one in schema["properties"].items()}
            needed = {name: fields.pop(name) for name in schema.get("required", ())}
            return st.fixed_dictionaries(needed, optional=fields)
        case "array":
            return st.lists(values(schema["items"], odd=odd), max_size=schema.get("maxItems", 3) + 1)
        case "integer":
            return st.integers(schema.get("minimum", 0) - 1, schema.get("maximum", 99) + 1)
        case "string":
            written = st.from_regex(schema["pattern"]) if "pattern" in schema else st.text()
            if not odd:
                return written
            return written | st.text(st.sampled_from(" a\n\t\x00\u00a0\ufeff\u2003é"), max_size=6)
        case _:
            return st.none()


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_the_model_accepts_whatever_its_schema_accepts(contract: AnyContract) -> None:
    schema = input_schema(contract.input)
    validator = jsonschema_rs.validator_for(schema)
    taken = []

    @NESTED
    @given(values(schema) | values(schema, odd=False))
    def accepted(arguments: dict[str, Any]) -> None:
        if validator.is_valid(arguments):
            taken.append(contract.input.model_validate_json(json.dumps(arguments)))

    accepted()
    assert taken, "nothing that the schema accepts was tried"


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_the_schema_accepts_whatever_the_strict_model_accepts(contract: AnyContract) -> None:
    schema = input_schema(contract.input)
    validator = jsonschema_rs.validator_for(schema)

    @NESTED
    @given(values(schema), st.sampled_from([*sorted(schema["properties"]), "invented"]), SPOILED)
    def agreed(arguments: dict[str, Any], field: str, spoiled: Any) -> None:
        changed = {**arguments, field: spoiled}
        try:
            contract.input.model_validate_json(json.dumps(changed), strict=True)
        except ValidationError:
            return
        trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in changed.items()}
        assert validator.is_valid(trimmed)

    agreed()
