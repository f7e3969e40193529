"""The manifest says the whole contract, and the effect digest names exactly one effect."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.manifest import (
    ServiceManifest,
    ToolManifestEntry,
    effect_digest,
    entry_from_contract,
    schema_digest,
)
from contracts.money import Money
from contracts.registry import CONTRACTS, AnyContract, contracts_of
from contracts.tool import Family

EFFECT: dict[str, Any] = {
    "tool": "issue_refund",
    "subject": "cust_ada",
    "arguments": {"order_id": "1234", "amount_minor": 5000},
    "before": {"refunded": "0.00 USD"},
    "after": {"refunded": "50.00 USD"},
    "money_moved": Money(amount_minor=5000, currency="USD"),
}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_an_entry_survives_the_wire_unchanged(contract: AnyContract) -> None:
    entry = entry_from_contract(contract)
    assert ToolManifestEntry.model_validate_json(entry.model_dump_json()) == entry
    assert entry.input_digest == schema_digest(entry.input_schema)
    assert entry.output_digest == schema_digest(entry.output_schema)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_only_writes_offer_a_preview(contract: AnyContract) -> None:
    assert (entry_from_contract(contract).preview_path is not None) == contract.is_write


def test_a_manifest_of_a_newer_service_is_read_and_what_is_new_in_it_ignored() -> None:
    entries = tuple(entry_from_contract(contract) for contract in contracts_of(Family.ORDERS))
    manifest = ServiceManifest(service="orders", version="1.0.0", tools=entries)
    body = manifest.model_dump(mode="json")
    body["region"] = "eu"
    body["tools"][0]["colour"] = "green"
    assert ServiceManifest.model_validate(body) == manifest


def test_a_tool_without_a_backend_is_listed_as_not_available() -> None:
    entry = entry_from_contract(contracts_of(Family.ORDERS)[0], available=False)
    assert not ToolManifestEntry.model_validate_json(entry.model_dump_json()).available


@pytest.mark.parametrize("path", ["//evil.example/x", "tools/x", "https://evil.example", "/tools/a b"])
def test_a_manifest_cannot_point_a_route_at_another_host(path: str) -> None:
    body = entry_from_contract(CONTRACTS[0]).model_dump(mode="json") | {"path": path}
    with pytest.raises(ValueError, match="path"):
        ToolManifestEntry.model_validate(body)


@pytest.mark.parametrize(
    "change",
    [{"tool": "create_ticket"}, {"subject": "cust_ben"}, {"arguments": {"order_id": "1234", "amount_minor": 5001}},
     {"before": {"refunded": "1.00 USD"}}, {"after": {}}, {"money_moved": None},
     {"money_moved": Money(amount_minor=5000, currency="EUR")}],
)  # fmt: skip
def test_another_effect_has_another_digest(change: dict[str, Any]) -> None:
    assert effect_digest(**EFFECT) != effect_digest(**{**EFFECT, **change})


@given(st.permutations(list(EFFECT["arguments"].items())))
def test_the_same_effect_has_the_same_digest_however_it_is_spelled(arguments: list[tuple[str, Any]]) -> None:
    assert effect_digest(**{**EFFECT, "arguments": dict(arguments)}) == effect_digest(**EFFECT)
