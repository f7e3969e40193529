"""What breaks a caller that was built against the old contracts, and what does not (TOOLS-3)."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.compat import breaking_changes, compatible_release, entry_breaks, input_breaks, is_later
from contracts.manifest import ToolManifestEntry, entry_from_contract
from contracts.registry import CONTRACTS
from contracts.tool import Deprecation

Change = Callable[[dict[str, Any]], object]

ENTRY: dict[str, Any] = {
    "name": "rate", "family": "orders", "version": "1.2.0", "description": "Rates a thing.", "effect": "write",
    "scope": "orders.rate", "risk": "low", "timeout_ms": 1000, "guests": True, "aliases": ["review"],
    "path": "/tools/rate", "input_digest": "0" * 64, "output_digest": "0" * 64,
    "input_schema": {
        "type": "object", "additionalProperties": False, "required": ["thing"],
        "properties": {
            "thing": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 20},
            "stars": {"type": "integer", "minimum": 1, "maximum": 5, "default": 5},
            "mood": {"type": "string", "enum": ["good", "bad"]},
            "note": {"anyOf": [{"type": "string", "maxLength": 100}, {"type": "null"}], "default": None},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
        },
    },
    "output_schema": {
        "type": "object", "required": ["rating_id", "state"],
        "properties": {
            "rating_id": {"type": "string", "pattern": "^[0-9]+$"},
            "state": {"type": "string", "enum": ["new"]},
            "place": {"type": "object", "required": ["town"], "properties": {"town": {"type": "string"}}},
            "lines": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
        },
    },
}  # fmt: skip


def entry(*changes: Change, **fields: Any) -> ToolManifestEntry:
    body = deepcopy(ENTRY) | fields
    for change in changes:
        change(body)
    return ToolManifestEntry.model_validate(body)


def accepts(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: body["input_schema"]["properties"][name]


def answers(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: body["output_schema"]["properties"][name]


BREAKING: dict[str, tuple[Change, str]] = {
    "a default changes": (lambda b: accepts("stars")(b).update(default=4), "the default changed from 5 to 4"),
    "an input field is removed": (
        lambda b: b["input_schema"]["properties"].pop("note"),
        "/note: the field was removed",
    ),
    "an input field is renamed": (
        lambda b: b["input_schema"]["properties"].update(text=b["input_schema"]["properties"].pop("note")),
        "/note: the field was removed",
    ),
    "a new input field is required": (
        lambda b: (
            b["input_schema"]["properties"].update(why={"type": "string"}),
            b["input_schema"]["required"].append("why"),
        ),
        "/why: is a new required field",
    ),
    "an optional input field becomes required": (
        lambda b: b["input_schema"]["required"].append("stars"),
        "/stars: became required",
    ),
    "an input field changes its type": (
        lambda b: accepts("stars")(b).update(type="string"),
        "/stars: type integer is no longer",
    ),
    "null is no longer accepted": (
        lambda b: b["input_schema"]["properties"].update(note={"type": "string", "maxLength": 100}),
        "type null",
    ),
    "a maximum is lowered": (lambda b: accepts("stars")(b).update(maximum=4), "maximum went from 5 down to 4"),
    "a maximum is new": (
        lambda b: accepts("tags")(b)["items"].update(maxLength=9),
        "/tags/*: maxLength went from none down to 9",
    ),
    "a nested maximum is lowered": (
        lambda b: accepts("note")(b)["anyOf"][0].update(maxLength=99),
        "maxLength went from 100",
    ),
    "a minimum is raised": (lambda b: accepts("thing")(b).update(minLength=3), "minLength went from 2 up to 3"),
    "a list may hold less": (lambda b: accepts("tags")(b).update(maxItems=2), "maxItems"),
    "a pattern changes": (lambda b: accepts("thing")(b).update(pattern="^[a-f]+$"), "pattern changed"),
    "an input value is no longer accepted": (
        lambda b: accepts("mood")(b).update(enum=["good"]),
        "the value 'bad' is no longer",
    ),
    "only listed values are accepted": (lambda b: accepts("tags")(b)["items"].update(enum=["a"]), "only listed values"),
    "a rule between fields appears": (
        lambda b: b["input_schema"].update(oneOf=[{"required": ["note"]}]),
        "the rule between fields",
    ),
    "an output field is removed": (
        lambda b: b["output_schema"]["properties"].pop("place"),
        "output /place: the field was removed",
    ),
    "a nested output field is removed": (
        lambda b: answers("lines")(b)["items"]["properties"].pop("n"),
        "output /lines/*/n",
    ),
    "an output field changes its type": (
        lambda b: answers("place")(b)["properties"].update(town={"type": "integer"}),
        "/place/town",
    ),
    "an output field may be null": (
        lambda b: b["output_schema"]["properties"].update(
            state={"anyOf": [{"type": "string", "enum": ["new"]}, {"type": "null"}]}
        ),
        "type null is new to readers",
    ),
    "an output field is no longer always there": (
        lambda b: b["output_schema"]["required"].remove("state"),
        "no longer always there",
    ),
    "an output pattern changes": (lambda b: answers("rating_id")(b).update(pattern="^[a-z]+$"), "pattern changed"),
    "the scope changes": (lambda b: b.update(scope="orders.write"), "scope changed"),
    "the route changes": (lambda b: b.update(path="/v2/rate"), "path changed"),
    "a read becomes a write": (lambda b: b.update(effect="read"), "effect changed"),
    "guests are shut out": (lambda b: b.update(guests=False), "guests may no longer"),
    "a confirmation is needed": (lambda b: b.update(confirmation="customer"), "needs a confirmation"),
    "an alias is removed": (lambda b: b.update(aliases=[]), "alias review was removed"),
}

HARMLESS: dict[str, Change] = {
    "an optional input field is added": lambda b: b["input_schema"]["properties"].update(why={"type": "string"}),
    "a required input field becomes optional": lambda b: b["input_schema"]["required"].remove("thing"),
    "a maximum is raised": lambda b: accepts("stars")(b).update(maximum=10),
    "a minimum is lowered": lambda b: accepts("thing")(b).update(minLength=1),
    "a limit is dropped": lambda b: accepts("thing")(b).pop("maxLength"),
    "a pattern is dropped": lambda b: accepts("thing")(b).pop("pattern"),
    "an input value is added": lambda b: accepts("mood")(b).update(enum=["good", "bad", "fine"]),
    "whole numbers become numbers": lambda b: accepts("stars")(b).update(type="number"),
    "an output field is added": lambda b: b["output_schema"]["properties"].update(at={"type": "string"}),
    "an output value is added": lambda b: answers("state")(b).update(enum=["new", "old"]),
    "a description changes": lambda b: b.update(description="Rates anything."),
    "the time-out changes": lambda b: b.update(timeout_ms=2000),
    "an alias is added": lambda b: b.update(aliases=["review", "judge"]),
}


@pytest.mark.parametrize("what", BREAKING)
def test_it_breaks_callers_when(what: str) -> None:
    change, expected = BREAKING[what]
    breaks = entry_breaks(entry(), entry(change))
    assert any(expected in one for one in breaks), breaks


@pytest.mark.parametrize("what", HARMLESS)
def test_it_breaks_nobody_when(what: str) -> None:
    assert entry_breaks(entry(), entry(HARMLESS[what])) == []


def test_a_removed_tool_is_named_and_a_new_one_is_welcome() -> None:
    other = entry(name="judge", path="/tools/judge")
    assert breaking_changes([entry(), other], [other]) == ["rate: the tool was removed"]
    assert breaking_changes([other], [entry(), other]) == []


def test_an_announced_removal_breaks_nobody() -> None:
    old = Deprecation(argument="note", since="2026-01-01", remove_after="2026-02-01", replaced_by="text")
    before = entry(deprecations=[old.model_dump()])
    assert entry_breaks(before, entry(BREAKING["an input field is removed"][0])) == []


@pytest.mark.parametrize("version", ["1.1.0", "1.2.0", "1.3.0"])
def test_either_side_may_be_the_newer_one_when_the_step_between_them_is_harmless(version: str) -> None:
    added = HARMLESS["an optional input field is added"]
    newer = entry(added, version="1.3.0")
    older = entry(version=version)
    assert compatible_release(older, newer) == []
    assert compatible_release(newer, older) == [] or version == "1.3.0"


def test_a_release_that_lost_something_we_were_built_against_is_not_compatible() -> None:
    lost = entry(BREAKING["an output field is removed"][0], version="1.3.0")
    assert compatible_release(entry(), lost) == ["output /place: the field was removed"]


def test_another_major_version_is_never_compatible() -> None:
    assert compatible_release(entry(), entry(version="2.0.0")) == ["version 2.0.0 is another major version than 1.2.0"]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_every_contract_is_compatible_with_itself(contract: Any) -> None:
    assert entry_breaks(entry_from_contract(contract), entry_from_contract(contract)) == []


NUMBERS = st.fixed_dictionaries({}, optional={"minimum": st.integers(-9, 9), "maximum": st.integers(-9, 9)})


@given(NUMBERS, NUMBERS, st.integers(-10, 10))
def test_a_change_without_breaks_takes_every_number_that_was_taken_before(
    old: dict[str, int], new: dict[str, int], number: int
) -> None:
    if input_breaks({"type": "integer", **old}, {"type": "integer", **new}) == [] and _within(old, number):
        assert _within(new, number)


def _within(limits: dict[str, int], number: int) -> bool:
    return limits.get("minimum", number) <= number <= limits.get("maximum", number)


@pytest.mark.parametrize("version", ["1.2.1", "1.3.0", "1.10.0"])
def test_a_later_release_of_the_same_major_version_is_later(version: str) -> None:
    assert is_later(version, "1.2.0")
    assert not is_later("1.2.0", version)


@pytest.mark.parametrize(
    "version",
    ["", "1.2.0", "1.1.9", "2.0.0", "0.9.0", "1.3", "1.3.0.0", "1.\u00b2.0", "1." + "9" * 5000 + ".0", "later"],
)
def test_no_other_version_is_and_what_is_none_never(version: str) -> None:
    assert not is_later(version, "1.2.0")
