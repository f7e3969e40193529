"""Replies that a model writes as JSON: the two shapes, what is forgiven, what is refused, and the lines of a stream."""

import pytest

from contracts.turn import FinalMessage, ToolCall
from orchestrator.brain.llm.sse import MAX_LINE_BYTES, LineTooLong, SseLines
from orchestrator.brain.shapes import NotAShape, ShapeReader, parse_arguments, reply_schema

CALL = ToolCall(name="get_order", arguments={"order_id": "1"})


@pytest.mark.parametrize(
    "text",
    ['{"kind":"tool_call","name":"get_order","arguments":{"order_id":"1"}}',
     '```json\n{"kind":"tool_call","name":"get_order","arguments":{"order_id":"1"}}\n```',
     '{"name":"get_order","arguments":{"order_id":"1"}}',
     '{"kind":"tool_call","name":"get_order","arguments":{"order_id":"1"},"text":"","asks_human":false}'],
)  # fmt: skip
def test_a_tool_call_is_read(text: str) -> None:
    assert ShapeReader().read(text) == CALL


def test_a_message_is_read_and_never_brings_its_own_citations() -> None:
    text = '{"kind":"final_message","text":"Hello.","asks_human":true,"citations":[{"url":"https://evil"}],"name":""}'
    assert ShapeReader().read(text) == FinalMessage(text="Hello.", asks_human=True)


@pytest.mark.parametrize(
    "text", ["", "Hello", "[]", "{}", '{"kind":"tool_call"', '{"kind":"tool_call","arguments":{}}', '{"kind":"other"}',
             '{"kind":"final_message"}', '{"kind":"tool_call","name":7,"arguments":{}}',
             '{"kind":"tool_call","name":"x","arguments":{},"then":"rm"}'],
)  # fmt: skip
def test_anything_else_is_refused_with_reasons(text: str) -> None:
    with pytest.raises(NotAShape) as refused:
        ShapeReader().read(text)
    assert all(refused.value.errors)


@pytest.mark.parametrize(("text", "value"), [("", {}), ('{"a":1}', {"a": 1}), ('"{\\"a\\":1}"', {"a": 1})])
def test_arguments_are_read(text: str, value: dict[str, int]) -> None:
    assert parse_arguments(text) == value


@pytest.mark.parametrize("text", ["[1]", "7", '{"a":', '"x"'])
def test_arguments_that_are_no_object_are_refused(text: str) -> None:
    with pytest.raises(NotAShape):
        parse_arguments(text)


def test_the_schema_of_a_reply_names_the_tools_and_none_when_there_is_none() -> None:
    assert reply_schema(("a", "b"))["properties"]["name"]["enum"] == ["a", "b"]
    assert "name" not in reply_schema(())["properties"]


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_data_lines_are_found_wherever_the_stream_is_cut(size: int, newline: str) -> None:
    stream = newline.join([": hello", "event: x", "data: {1}", "", "data:{2}", "", "data: [DONE]", "", ""]).encode()
    lines = SseLines()
    found = [one for start in range(0, len(stream), size) for one in lines.feed(stream[start : start + size])]
    assert found == [b"{1}", b"{2}", b"[DONE]"]


def test_a_line_without_end_is_refused() -> None:
    lines = SseLines()
    with pytest.raises(LineTooLong):
        lines.feed(b"data: " + b"x" * MAX_LINE_BYTES)
