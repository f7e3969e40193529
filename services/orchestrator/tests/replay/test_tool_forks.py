"""What a file says that a tool answers: the contract has the last word, and names what is wrong."""

import json
from typing import Any

import pytest

from contracts.errors import ErrorClass, ProblemCode
from orchestrator.replay.refusing import ForkCode, ForkRefused
from orchestrator.replay.tool_forks import calls_that_are_off, switched_off, told_by_tool
from orchestrator.turn.effects import CallTool, PreviewEffect, SayPhrase
from orchestrator.turn.inputs import PlannedCall, ToolFailed

from .thinkers import STATUS


def of_file(name: str, **said: Any) -> Any:
    return told_by_tool(name, json.dumps(said))


def test_an_output_is_as_its_service_would_have_sent_it() -> None:
    told = of_file("get_order_status", output=STATUS)
    assert (told.tool, told.error) == ("get_order_status", None)
    assert told.output == {**STATUS, "carrier": None, "tracking_url": None}


def test_a_tool_goes_by_its_other_names_too() -> None:
    assert of_file("read_kb", error={"code": "index_unavailable"}).tool == "search_kb"


@pytest.mark.parametrize(
    ("said", "code", "named"),
    [
        ({"output": {**STATUS, "state": "lost"}}, ForkCode.WRONG_ANSWER, "/state: Extra inputs"),
        ({"output": {**STATUS, "status": "lost"}}, ForkCode.WRONG_ANSWER, "/status: Input should be"),
        ({"output": {"order_id": "ABC123"}}, ForkCode.WRONG_ANSWER, "/status: Field required"),
        ({"error": {"code": "gone_fishing"}}, ForkCode.WRONG_ANSWER, "gone_fishing is no error of a tool"),
        ({"error": {"code": "not_found", "text": "x"}}, ForkCode.WRONG_ANSWER, "must be"),
        ({"output": STATUS, "error": {"code": "not_found"}}, ForkCode.WRONG_ANSWER, "must be"),
        ({}, ForkCode.WRONG_ANSWER, "must be"),
        ({"output": [STATUS]}, ForkCode.WRONG_ANSWER, "must be"),
    ],
)
def test_what_is_wrong_is_named(said: dict[str, Any], code: ForkCode, named: str) -> None:
    with pytest.raises(ForkRefused, match=named) as refused:
        told_by_tool("get_order_status", json.dumps(said))
    assert refused.value.code is code


@pytest.mark.parametrize("text", ["", "{", "output: {}", '{"output": NaN'])
def test_what_is_no_json_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ForkRefused, match="is no JSON") as refused:
        told_by_tool("get_order_status", text)
    assert refused.value.code is ForkCode.NOT_JSON


def test_an_unknown_tool_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(ForkRefused, match=r"There is no tool get_weather; the tools are: .*get_order, ") as refused:
        switched_off("get_weather")
    assert refused.value.code is ForkCode.TOOL_UNKNOWN


def test_a_person_can_always_be_reached() -> None:
    with pytest.raises(ForkRefused, match="a person can always be reached") as refused:
        switched_off("handoff_human")
    assert refused.value.code is ForkCode.ALWAYS_ON


def test_with_a_write_what_carries_it_out_is_off_too() -> None:
    names = switched_off("issue_refund")
    assert names == {"issue_refund", "approve_refund"}
    refused = calls_that_are_off(names)
    call = PlannedCall(tool="approve_refund", arguments={}, args_hash="1", label="")
    for asked in (CallTool(call), PreviewEffect(call)):
        told = refused(asked)
        assert isinstance(told, ToolFailed)
        assert (told.code, told.error_class) == (ProblemCode.TOOL_SWITCHED_OFF, ErrorClass.TRANSIENT)
    assert refused(SayPhrase("clarify")) is None
