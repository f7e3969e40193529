"""What is checked in is what the contracts say, and what was accepted once still holds."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from contracts.export.__main__ import main
from contracts.export.baseline import BASELINE, breaks_since
from contracts.export.documents import FACADE, render
from contracts.registry import CONTRACTS
from contracts.tool import Family

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    assert main(["--root", str(tmp_path), "--accept-baseline"]) == 0
    return tmp_path


def test_the_checked_in_files_are_what_the_contracts_say() -> None:
    assert main(["--check", "--root", str(PROJECT)]) == 0, "run `python -m contracts.export` and commit the result"


def test_nothing_broke_since_the_accepted_state() -> None:
    assert breaks_since((PROJECT / BASELINE).read_bytes(), CONTRACTS) == []


def test_a_removed_contract_is_noticed_against_the_accepted_state(exported: Path) -> None:
    baseline = (exported / BASELINE).read_bytes()
    assert breaks_since(baseline, CONTRACTS[1:]) == [f"{CONTRACTS[0].name}: the tool was removed"]


def test_a_removed_event_of_the_stream_is_noticed_against_the_accepted_state(exported: Path) -> None:
    accepted = json.loads((exported / BASELINE).read_bytes())
    accepted["outputs"]["event fanfare"] = {"type": "object", "properties": {}}
    assert breaks_since(json.dumps(accepted).encode(), CONTRACTS) == ["event fanfare: it was removed"]


def test_arguments_that_change_without_a_new_version_are_noticed(exported: Path) -> None:
    accepted = json.loads((exported / BASELINE).read_bytes())
    accepted["tools"][0]["input_digest"] = "0" * 64
    name, version = accepted["tools"][0]["name"], accepted["tools"][0]["version"]
    said = f"{name}: its arguments changed, and it is still version {version}"
    assert breaks_since(json.dumps(accepted).encode(), CONTRACTS) == [said]
    accepted["tools"][0]["version"] = "0.9.0"
    assert said not in breaks_since(json.dumps(accepted).encode(), CONTRACTS)


def test_the_same_contracts_give_the_same_bytes() -> None:
    assert render(CONTRACTS) == render(tuple(CONTRACTS))
    assert all(content.endswith(b"\n") and b"\r" not in content for content in render(CONTRACTS).values())


def test_a_stale_file_is_shown_with_the_lines_that_differ(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = exported / "generated/schemas/issue_refund.input.json"
    schema.write_bytes(schema.read_bytes().replace(b"1000000000", b"7"))
    assert main(["--check", "--root", str(exported)]) == 1
    said = capsys.readouterr().out
    assert "issue_refund.input.json: stale" in said
    assert '+      "maximum": 1000000000,' in said


def test_a_missing_and_a_left_over_file_are_named(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (exported / FACADE).unlink()
    (exported / "generated/schemas/gone.input.json").write_text("{}")
    assert main(["--check", "--root", str(exported)]) == 1
    said = capsys.readouterr().out
    assert f"{FACADE}: missing" in said
    assert "gone.input.json: no longer generated" in said


def test_writing_repairs_everything_but_never_the_accepted_state(exported: Path) -> None:
    (exported / "generated/tools.json").write_text("{}")
    (exported / "generated/schemas/gone.input.json").write_text("{}")
    (exported / BASELINE).write_text('{"tools": [], "outputs": {}}')
    assert main(["--root", str(exported)]) == 0
    assert main(["--check", "--root", str(exported)]) == 0
    assert json.loads((exported / BASELINE).read_text())["tools"] == []


def test_a_missing_accepted_state_is_an_error(exported: Path) -> None:
    (exported / BASELINE).unlink()
    assert main(["--check", "--root", str(exported)]) == 1


@pytest.mark.parametrize("family", Family)
def test_the_openapi_document_has_every_route_of_the_family(family: Family) -> None:
    document = json.loads(render(CONTRACTS)[f"generated/openapi/{family.value}.json"])
    own = [contract for contract in CONTRACTS if contract.family is family]
    routes = {contract.path for contract in own} | {contract.preview_path for contract in own if contract.is_write}
    assert set(document["paths"]) == routes | {"/.well-known/tools.json"}
    for contract in own:
        operation = document["paths"][contract.path]["post"]
        assert operation["security"] == [{"bearer": [contract.scope]}]
        needs_key = any(one["name"] == "Idempotency-Key" and one["required"] for one in operation["parameters"])
        assert needs_key == contract.is_write
        jsonschema_rs.validator_for(operation["requestBody"]["content"]["application/json"]["schema"])


@pytest.mark.parametrize("family", Family)
def test_every_reference_in_an_openapi_document_leads_somewhere(family: Family) -> None:
    document = json.loads(render(CONTRACTS)[f"generated/openapi/{family.value}.json"])

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    for reference in references(document):
        target = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert target
