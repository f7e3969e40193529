"""Calls and answers that were once valid go on parsing (TOOLS-3): fixtures are only ever added to."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from contracts.base import ContractModel
from contracts.clients.port import read_output
from contracts.deprecation import accepted_schema, in_new_shape
from contracts.registry import CONTRACTS, AnyContract
from contracts.schema import output_schema
from contracts.tool import Deprecation

GOLDEN = Path(__file__).parent / "golden"


def fixtures(contract: AnyContract, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((GOLDEN / f"{contract.name}.json").read_text())[kind]
    return found


def parsed(contract: AnyContract, arguments: dict[str, Any]) -> ContractModel:
    """As a service parses it: in the new shape first, then strictly."""
    shaped, _ = in_new_shape(contract.deprecations, arguments)
    model: ContractModel = contract.input.model_validate_json(json.dumps(shaped), strict=True)
    return model


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_every_golden_input_is_accepted_by_the_model_and_by_its_schema(contract: AnyContract) -> None:
    schema = jsonschema_rs.validator_for(accepted_schema(contract))
    assert fixtures(contract, "inputs")
    for arguments in fixtures(contract, "inputs"):
        parsed(contract, arguments)
        schema.validate(arguments)


DEPRECATED = [(contract, one) for contract in CONTRACTS for one in contract.deprecations if not one.removed]


@pytest.mark.parametrize(("contract", "deprecation"), DEPRECATED, ids=lambda one: getattr(one, "name", ""))
def test_a_deprecated_argument_has_golden_calls_of_the_same_meaning_in_both_shapes(
    contract: AnyContract, deprecation: Deprecation
) -> None:
    calls = fixtures(contract, "inputs")
    old = [parsed(contract, one) for one in calls if deprecation.argument in one]
    new = [parsed(contract, one) for one in calls if deprecation.replaced_by in one]
    assert old
    assert deprecation.replaced_by is None or all(one in new for one in old)


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
    schema = jsonschema_rs.validator_for(accepted_schema(contract))
    for arguments in fixtures(contract, "inputs"):
        invented = {**arguments, "invented": 1}
        assert not schema.is_valid(invented)
        with pytest.raises(ValueError, match="invented"):
            contract.input.model_validate(invented)
