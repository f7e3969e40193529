"""An argument on its way out: both shapes are accepted, one is offered, what is gone names its successor (TOOLS-3)."""

import dataclasses
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field

from contracts.base import ContractModel
from contracts.compat import entry_breaks
from contracts.deprecation import (
    ArgumentsRemoved,
    GivenTwice,
    accepted_schema,
    in_new_shape,
    offered_schema,
)
from contracts.manifest import ToolManifestEntry, entry_from_contract
from contracts.registry import CONTRACTS, AnyContract
from contracts.schema import input_schema
from contracts.tool import Deprecation, Family, RiskTier, ToolContract, ToolEffect
from contracts.tools.orders import OrderLookup


class Before(ContractModel):
    note: str = Field(min_length=1)
    stars: int = Field(default=5, ge=1, le=5)
    mood: str = ""


class After(ContractModel):
    text: str = Field(min_length=1)
    points: int = Field(default=5, ge=1, le=5)
    mood: str = ""


NOTE = Deprecation(argument="note", since="2026-01-01", remove_after="2026-03-01", replaced_by="text")
STARS = Deprecation(argument="stars", since="2026-01-01", remove_after="2026-03-01", replaced_by="points")
MOOD = Deprecation(argument="mood", since="2026-01-01", remove_after="2026-03-01")
OUTGOING = (NOTE, STARS, MOOD)


def contract(model: type[ContractModel] = After, *deprecations: Deprecation) -> AnyContract:
    return ToolContract(
        name="rate", family=Family.ORDERS, version="1.0.0", description="", input=model, output=model,
        effect=ToolEffect.READ, scope="s", risk=RiskTier.LOW, timeout_ms=1, deprecations=deprecations,
    )  # fmt: skip


def gone(*deprecations: Deprecation) -> tuple[Deprecation, ...]:
    return tuple(one.model_copy(update={"removed": True}) for one in deprecations)


@pytest.mark.parametrize(
    "call",
    [{"note": "a"}, {"text": "a"}, {"text": "a", "stars": 1}, {"note": "a", "points": 1, "mood": "b"}],
)  # fmt: skip
def test_both_shapes_are_accepted_by_the_schema_and_parse_after_they_were_brought_into_the_new_one(
    call: dict[str, Any],
) -> None:
    assert jsonschema_rs.is_valid(accepted_schema(contract(After, *OUTGOING)), call)
    After.model_validate(in_new_shape(OUTGOING, call)[0], strict=True)


@pytest.mark.parametrize("call", [{}, {"points": 1}, {"note": ""}, {"text": "a", "stars": 6}, {"text": "a", "x": 1}])
def test_the_old_name_takes_what_the_new_one_takes_and_no_more(call: dict[str, Any]) -> None:
    assert not jsonschema_rs.is_valid(accepted_schema(contract(After, *OUTGOING)), call)
    with pytest.raises(ValueError):
        After.model_validate(in_new_shape(OUTGOING, call)[0], strict=True)


def test_what_is_deprecated_is_marked_and_says_what_to_use() -> None:
    properties = accepted_schema(contract(After, *OUTGOING))["properties"]
    assert {name for name, one in properties.items() if one.get("deprecated")} == {"note", "stars", "mood"}
    assert properties["note"]["description"] == "Deprecated since 2026-01-01: use text."
    assert "default" not in properties["stars"]


def test_a_call_is_brought_into_the_new_shape_and_says_what_was_old_in_it() -> None:
    shaped, used = in_new_shape(OUTGOING, {"note": "a", "points": 2, "mood": "b"})
    assert (shaped, used) == ({"text": "a", "points": 2, "mood": "b"}, (NOTE, MOOD))


def test_a_call_in_the_new_shape_is_left_as_it_is() -> None:
    sent = {"text": "a"}
    assert in_new_shape(OUTGOING, sent) == (sent, ())


@pytest.mark.parametrize("twice", [{"text": "a", "stars": 1, "points": 1}, {"text": "a", "note": "a"}])
def test_an_argument_under_both_its_names_is_refused_by_the_schema_and_when_it_is_read(twice: dict[str, Any]) -> None:
    assert not jsonschema_rs.is_valid(accepted_schema(contract(After, *OUTGOING)), twice)
    with pytest.raises(GivenTwice, match=r"is the old name of '(text|points)': give one of them"):
        in_new_shape(OUTGOING, twice)


def test_what_was_removed_is_refused_and_names_its_successor() -> None:
    with pytest.raises(ArgumentsRemoved, match=r"'note' was removed; use 'text' instead\. .*'mood' was removed\."):
        in_new_shape(gone(NOTE, MOOD), {"note": "a", "mood": "b"})
    assert "note" not in accepted_schema(contract(After, *gone(NOTE)))["properties"]


def test_a_newcomer_is_offered_the_new_shape_alone() -> None:
    new = input_schema(After)
    offered = offered_schema(accepted_schema(contract(After, NOTE, STARS)))
    assert {**offered, "required": sorted(offered["required"])} == {**new, "required": sorted(new["required"])}


def test_an_argument_of_a_rule_between_fields_cannot_simply_be_renamed() -> None:
    order = Deprecation(argument="number", since="2026-01-01", remove_after="2026-03-01", replaced_by="order_id")
    with pytest.raises(ValueError, match="order_id stands in a rule"):
        accepted_schema(contract(OrderLookup, order))


def test_a_rule_that_has_nothing_to_do_with_it_stays_in_what_is_offered() -> None:
    rule = {"oneOf": [{"required": ["mood"]}, {"required": ["points"]}]}
    schema = accepted_schema(contract(After, NOTE))
    schema["allOf"].append(rule)
    assert offered_schema(schema)["allOf"] == [rule]


@pytest.mark.parametrize(
    "rules", [[True], [{"oneOf": [True, {"required": []}]}], [{"not": {}}], [{"not": {"required": [1, {}]}}]]
)
def test_schemas_of_other_people_are_offered_whatever_is_in_them(rules: list[Any]) -> None:
    schema = {"type": "object", "properties": {"a": True, "b": {"deprecated": True}}, "allOf": rules}
    assert offered_schema(schema) == {"type": "object", "properties": {"a": True}, "required": [], "allOf": rules}


@pytest.mark.parametrize("one", CONTRACTS, ids=lambda one: one.name)
def test_no_tool_offers_anything_deprecated(one: AnyContract) -> None:
    offered = offered_schema(entry_from_contract(one).input_schema)
    assert not {item.argument for item in one.deprecations} & offered["properties"].keys()
    assert "deprecated" not in str(offered).lower()


def entry(model: type[ContractModel], *deprecations: Deprecation) -> ToolManifestEntry:
    return entry_from_contract(dataclasses.replace(contract(model, *deprecations), output=Before))


def test_each_step_of_a_renaming_breaks_nobody_and_all_of_it_at_once_does() -> None:
    before, between, after = entry(Before), entry(After, NOTE, STARS), entry(After, *gone(NOTE, STARS))
    assert entry_breaks(before, between) == []
    assert entry_breaks(between, after) == []
    assert any("/note: the field was removed" in one for one in entry_breaks(before, after))


def test_a_reader_that_is_older_than_a_field_of_a_deprecation_still_reads_it() -> None:
    newer = NOTE.model_dump() | {"added_later": 1}
    assert Deprecation.model_validate(newer) == NOTE


CALLS = st.dictionaries(
    st.sampled_from(["note", "text", "stars", "points", "mood", "x"]),
    st.none() | st.booleans() | st.integers(0, 6) | st.text(max_size=2),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(CALLS)
def test_no_call_is_ever_in_the_old_shape_behind_the_edge(call: dict[str, Any]) -> None:
    try:
        shaped, _ = in_new_shape((NOTE, STARS), call)
    except GivenTwice:
        assert {"note", "text"} <= call.keys() or {"stars", "points"} <= call.keys()
        return
    assert not {"note", "stars"} & shaped.keys()
    assert in_new_shape((NOTE, STARS), shaped) == (shaped, ())
