"""Calls and answers that were once valid go on parsing (TOOLS-3): fixtures are only ever added to."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from contracts.clients.port import read_output
from contracts.registry import CONTRACTS, AnyContract
from contracts.schema import input_schema, output_schema

GOLDEN = Path(__file__).parent / "golden"


def fixtures(contract: AnyContract, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((GOLDEN / f"{contract.name}.json").read_text())[kind]
    return found


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_every_golden_input_is_accepted_by_the_model_and_by_its_schema(contract: AnyContract) -> None:
    schema = jsonschema_rs.validator_for(input_schema(contract.input))
    assert fixtures(contract, "inputs")
    for arguments in fixtures(contract, "inputs"):
        contract.input.model_validate_json(json.dumps(arguments), strict=True)
        schema.validate(arguments)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_every_golden_output_is_read_by_the_model_and_by_its_schema(contract: AnyContract) -> None:
    schema = jsonschema_rs.validator_for(output_schema(contract.output))
    assert fixtures(contract, "outputs")
    for answer in fixtures(contract, "outputs"):
        read = contract.output.model_validate_json(json.dumps(answer), strict=True)
        schema.validate(answer)
        schema.validate(read.model_dump(mode="json"))


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_an_answer_of_a_newer_service_is_read_without_its_new_fields(contract: AnyContract) -> None:
    for answer in fixtures(contract, "outputs"):
        newer = json.dumps({**answer, "added_later": {"x": 1}}).encode()
        assert read_output(contract, newer) == contract.output.model_validate_json(json.dumps(answer))


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_an_unknown_argument_is_refused_by_the_model_and_by_its_schema(contract: AnyContract) -> None:
    schema = jsonschema_rs.validator_for(input_schema(contract.input))
    for arguments in fixtures(contract, "inputs"):
        invented = {**arguments, "invented": 1}
        assert not schema.is_valid(invented)
        with pytest.raises(ValueError, match="invented"):
            contract.input.model_validate(invented)
