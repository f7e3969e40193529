"""Arguments that hold a secret or text for another program are never sent; what customers write is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.errors import ErrorClass, ProblemCode
from contracts.manifest import entry_from_contract
from contracts.registry import CONTRACTS
from orchestrator.tools.authorise import is_proposed
from orchestrator.tools.calls import CallFailed, CallRequest, CallSucceeded
from orchestrator.tools.entry import make_entry
from orchestrator.tools.screening import screened

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "data" / "arguments.yaml").read_text(encoding="utf-8"))
NOTE = {"properties": {"note": {"type": "string", "maxLength": 1000}, "order_id": {"type": "string"}}}
MAIL = {"properties": {"email": {"anyOf": [{"type": "string", "maxLength": 254, "pattern": "^.+@.+$"}]}}}


def test_what_customers_write_passes() -> None:
    assert len(CASES["harmless_notes"]) >= 145
    assert [one for one in CASES["harmless_notes"] if screened(NOTE, {"note": one})] == []
    assert [one for one in CASES["harmless_names"] if screened(NOTE, {"order_id": one})] == []
    assert [one for one in CASES["harmless_emails"] if screened(MAIL, {"email": one})] == []


def test_secrets_and_text_for_other_programs_do_not() -> None:
    refused = CASES["refused_notes"]
    assert sum(map(len, refused.values())) + len(CASES["refused_names"]) >= 150
    assert [(reason, one) for reason, all_of in refused.items() for one in all_of
            if screened(NOTE, {"note": one}) != reason] == []  # fmt: skip
    assert [one for one in CASES["refused_names"] if not screened(NOTE, {"order_id": one})] == []


def test_what_is_refused_in_a_note_is_refused_in_every_field_and_at_any_depth() -> None:
    everything = [one for all_of in CASES["refused_notes"].values() for one in all_of]
    assert [one for one in everything if not screened(MAIL, {"email": one})] == []
    assert [one for one in everything if not screened(NOTE, {"note": {"a": [one]}})] == []
    assert [one for one in everything if not screened(NOTE, {"invented": one})] == []


def test_no_depth_hides_a_text() -> None:
    nested: Any = "'; DROP TABLE orders; --"
    for _ in range(50):
        nested = {"a": [nested]}
    assert screened(NOTE, {"note": nested})


def test_a_hostile_text_costs_no_time() -> None:
    """No pattern tries again and again: of 300,000 characters each the test would otherwise not come to its end."""
    long = 300_000
    for start, piece in (("' or ", "'"), ("' or ", '")'), ("` or", " "), ("` or not", " "), ("javascript:", "a")):
        assert not screened(NOTE, {"note": start + piece * (long // len(piece))})


def test_the_fields_that_people_write_in_are_known_by_their_schema() -> None:
    text = "Please drop the parcel; delete the rest - it's 'fine'."
    free = set()
    for contract in CONTRACTS:
        entry = make_entry(entry_from_contract(contract), "http://tool.example")
        free |= {name for name in entry.input_schema["properties"] if not screened(entry.input_schema, {name: text})}
    assert free == {"note", "reason", "subject", "body", "summary", "transcript", "query", "text"}


async def test_a_refused_call_is_a_typed_failure_that_never_leaves(world: Any, write: CallRequest) -> None:
    request = replace(write, arguments={"order_id": "ABC123", "note": "'; DROP TABLE orders; --"})
    for result in (await world.gateway.call(request), await world.gateway.preview(request)):
        assert isinstance(result, CallFailed)
        assert (result.code, result.error_class) == (ProblemCode.INVALID_REQUEST, ErrorClass.USER_FIXABLE)
        assert result.attempts == 0
    assert world.service.calls == []
    assert world.counted("aiguy_tool_screened_total", tool="add_order_note", reason="sql") == 2
    harmless = replace(write, arguments={"order_id": "ABC123", "note": CASES["harmless_notes"][0]})
    assert isinstance(await world.gateway.call(harmless), CallSucceeded)


@pytest.mark.parametrize(
    ("tool", "proposed"), [("handoff_human", False), ("close_refund", False), ("issue_refund", True)]
)
def test_what_a_hand_over_and_a_follow_up_say_is_not_for_the_screening_to_stop(tool: str, proposed: bool) -> None:
    (contract,) = (one for one in CONTRACTS if one.name == tool)
    assert is_proposed(make_entry(entry_from_contract(contract), "http://tool.example")) is proposed
