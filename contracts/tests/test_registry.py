"""Every contract makes sense by itself and beside the others."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain

import pytest

from contracts.deprecation import accepted_schema
from contracts.registry import CONTRACTS, AnyContract, contracts_of, find_contract
from contracts.schema import Schema, input_schema, output_schema
from contracts.text import ANY_TEXT, ONE_LINE, ONE_LINE_OF_THREE, WRITTEN
from contracts.tool import EVERY_FIELD, Confirmation, Family, RiskTier

WRITES = tuple(contract for contract in CONTRACTS if contract.is_write)


def test_names_and_aliases_are_unique_across_all_families() -> None:
    names = list(chain.from_iterable((contract.name, *contract.aliases) for contract in CONTRACTS))
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name) for name in names)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_a_contract_says_what_it_does_to_the_model_and_to_people(contract: AnyContract) -> None:
    assert len(contract.description) >= 20
    assert contract.label
    assert re.fullmatch(r"\d+\.\d+\.\d+", contract.version)
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", contract.scope)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_a_contract_waits_a_bounded_time(contract: AnyContract) -> None:
    limit = 10_000 if contract.is_write else 3000
    assert 0 < contract.timeout_ms <= limit
    assert 0 <= contract.retries <= 3


@pytest.mark.parametrize("contract", WRITES, ids=lambda one: one.name)
def test_a_write_is_never_cached(contract: AnyContract) -> None:
    assert contract.cache_ttl_s == 0


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_only_writes_ask_for_a_confirmation_or_an_approval(contract: AnyContract) -> None:
    if contract.confirmation is Confirmation.CUSTOMER or contract.approval is not None:
        assert contract.is_write
    if contract.approval is not None:
        assert contract.confirmation is Confirmation.CUSTOMER
        assert input_schema(contract.input)["properties"][contract.approval.argument]["type"] == "integer"


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_what_touches_money_is_confirmed_and_approved_and_closed_to_guests(contract: AnyContract) -> None:
    if contract.risk is RiskTier.MONEY:
        assert contract.confirmation is not Confirmation.NONE
        # The rule is in the contract, or the service has a policy of its own and staff have their tools for it.
        staff_alone = contract.confirmation is Confirmation.STAFF
        assert staff_alone or contract.approval is not None or (contract.approved_by and contract.closed_by)
    if contract.guests:
        assert contract.risk is RiskTier.LOW
    if contract.proven_address:
        assert (contract.is_write, contract.risk, contract.guests) == (False, RiskTier.PRIVATE, False)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_redacted_names_are_fields_of_the_input_or_the_output(contract: AnyContract) -> None:
    assert set(contract.redact) <= {*_fields(accepted_schema(contract)), *_fields(output_schema(contract.output))}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_what_one_tool_of_a_family_redacts_no_other_one_tells(contract: AnyContract) -> None:
    hidden = set(chain.from_iterable(other.redact for other in contracts_of(contract.family)))
    assert hidden & {*_fields(output_schema(contract.output))} <= set(contract.redact)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_every_contract_says_which_of_its_fields_are_running_text(contract: AnyContract) -> None:
    accepted, answered = accepted_schema(contract)["properties"], output_schema(contract.output)["properties"]
    assert EVERY_FIELD not in contract.free_text
    assert set(contract.free_text) <= {*accepted, *answered}
    written = {ANY_TEXT, WRITTEN, ONE_LINE, ONE_LINE_OF_THREE}
    assert {name for name, one in accepted.items() if one.get("pattern") in written} <= set(contract.free_text)


@pytest.mark.parametrize("contract", [one for one in CONTRACTS if one.deprecations], ids=lambda one: one.name)
def test_a_deprecation_says_when_and_what_instead(contract: AnyContract) -> None:
    fields = contract.input.model_fields.keys()
    for one in contract.deprecations:
        assert date.fromisoformat(one.since) + timedelta(days=28) <= date.fromisoformat(one.remove_after)
        assert one.replaced_by is None or one.replaced_by in fields
        # An old name is no field of the model; an argument without a successor is one, until it is removed.
        assert (one.argument in fields) == (one.replaced_by is None and not one.removed)
        # What is redacted under its new name is redacted under its old one.
        assert (one.argument in contract.redact) == (one.replaced_by in contract.redact) or one.replaced_by is None
    assert len({one.argument for one in contract.deprecations}) == len(contract.deprecations)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_a_scope_belongs_to_one_family(contract: AnyContract) -> None:
    families = {other.family for other in CONTRACTS if other.scope == contract.scope}
    assert families == {contract.family}


def test_reads_and_writes_never_share_a_scope() -> None:
    reads = {contract.scope for contract in CONTRACTS if not contract.is_write}
    assert reads.isdisjoint(contract.scope for contract in WRITES)


def test_a_contract_is_found_by_its_name_and_by_each_alias() -> None:
    for contract in CONTRACTS:
        for name in (contract.name, *contract.aliases):
            assert find_contract(name) is contract
    assert find_contract("drop_tables") is None


def test_every_contract_belongs_to_exactly_one_family() -> None:
    assert sorted(chain.from_iterable(contracts_of(family) for family in Family), key=id) == sorted(CONTRACTS, key=id)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_the_routes_follow_from_the_name(contract: AnyContract) -> None:
    assert contract.path == f"/tools/{contract.name}"
    assert contract.preview_path == f"/tools/{contract.name}/preview"


@pytest.mark.parametrize("contract", [one for one in CONTRACTS if one.approved_by], ids=lambda one: one.name)
def test_a_write_that_may_wait_for_staff_names_tools_that_take_its_reference(contract: AnyContract) -> None:
    assert {"approvals_needed", contract.ref} <= output_schema(contract.output)["properties"].keys()
    for name in (contract.approved_by, contract.closed_by):
        follower = find_contract(name or "")
        assert follower is not None
        assert (follower.family, follower.is_write) == (contract.family, True)
        assert contract.ref in input_schema(follower.input)["properties"]


def _fields(schema: Schema) -> Iterator[str]:
    """The names of all fields of a schema, of those in lists and in other fields as well."""
    for name, field in schema.get("properties", {}).items():
        yield name
        yield from _fields(field)
    if "items" in schema:
        yield from _fields(schema["items"])
