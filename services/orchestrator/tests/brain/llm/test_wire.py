"""Our own wire: frames that no model should send, and which providers of litellm are asked over it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from orchestrator.brain.llm.litellm import imported
from orchestrator.brain.llm.litellm_wire import LiteLlmWire
from orchestrator.brain.llm.port import Delta, Finish, LlmFailure, LlmRequest, TextDelta, ToolCallDelta
from orchestrator.brain.llm.wire import WireCall, wire_headers, wire_stream
from servicekit.http.client import HttpStream

REQUEST = LlmRequest(
    model="openai/gpt-4o-mini", messages=({"role": "user", "content": "hello"},), temperature=0.2, max_tokens=50,
    timeout_s=5, idle_timeout_s=5,
)  # fmt: skip
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


class Answering:
    """An `HttpPort` that streams these events, whatever is asked."""

    def __init__(self, *events: object) -> None:
        self._events = [b"data: " + orjson.dumps(one) + b"\n\n" for one in events]

    @asynccontextmanager
    async def stream(self, _method: str, _url: str, **_more: Any) -> AsyncIterator[HttpStream]:
        async def chunks() -> AsyncIterator[bytes]:
            for event in self._events:
                yield event

        yield HttpStream(200, {}, chunks())


def choice(delta: object, finish: str | None = None) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


async def read(*events: object) -> list[Delta]:
    call = WireCall("http://model.example/v1/chat/completions", wire_headers("k"), b"{}", lambda *_: 0)
    return [delta async for delta in wire_stream(Answering(*events), call, REQUEST)]


@pytest.mark.parametrize(
    "event",
    [choice({"content": ["not", "a", "text"]}), choice({"content": 7}), choice({"tool_calls": [7]}), choice("hello"),
     {"choices": [], "usage": {"prompt_tokens": "many", "completion_tokens": 1}}, {"usage": {"prompt_tokens": 1}},
     {"choices": {"a": 1}}, [1], "text", 7, None, {"error": {"message": "overloaded"}}],
)  # fmt: skip
async def test_a_frame_that_is_not_the_wire_format_is_a_failure_and_nothing_else(event: object) -> None:
    with pytest.raises(LlmFailure) as failed:
        await read(choice({"content": "so far"}), event, choice({}, "stop"))
    assert failed.value.kind == "unavailable"


async def test_a_call_without_a_place_is_the_first() -> None:
    named = {"index": None, "id": "c", "function": {"name": "look", "arguments": '{"a":'}}
    deltas = await read(
        choice({"tool_calls": [named]}), choice({"tool_calls": [{"function": {"arguments": "1}"}}]}, "stop")
    )
    assert deltas == [ToolCallDelta(0, "look", '{"a":'), ToolCallDelta(0, "", "1}"), Finish("stop")]


async def test_pieces_that_come_together_are_one_piece() -> None:
    frames = b"".join(b"data: " + orjson.dumps(choice({"content": one})) + b"\n\n" for one in ("one ", "two"))
    answering = Answering()
    answering._events = [frames, b"data: " + orjson.dumps(choice({}, "stop")) + b"\n\ndata: [DONE]\n\n"]
    call = WireCall("http://model.example", {}, b"{}", lambda *_: 0)
    assert [one async for one in wire_stream(answering, call, REQUEST)] == [TextDelta("one two"), Finish("stop")]


def through_litellm(model: str, key: str | None = "sk-own", **changes: Any) -> WireCall | None:
    llm = LiteLlmWire(
        imported(),
        Answering(),
        base_url=None,
        api_key=None if key is None else SecretStr(key),
    )
    values: dict[str, Any] = {name: getattr(REQUEST, name) for name in REQUEST.__slots__}
    return llm.wire_call(LlmRequest(**(values | {"model": model} | changes)))


@pytest.mark.parametrize(
    ("model", "url"),
    [("groq/llama-3.1-8b-instant", "https://api.groq.com/openai/v1/chat/completions"),
     ("openai/gpt-4o-mini", "https://api.openai.com/v1/chat/completions"),
     ("gpt-4o-mini", "https://api.openai.com/v1/chat/completions"),
     ("xai/grok-3", "https://api.x.ai/v1/chat/completions")],
)  # fmt: skip
def test_a_provider_that_speaks_the_wire_format_is_asked_over_our_wire(model: str, url: str) -> None:
    call = through_litellm(model, tools=(TOOL,))
    assert call is not None
    assert (call.url, call.headers["authorization"]) == (url, "Bearer sk-own")
    body = orjson.loads(call.body)
    assert body["model"] == model.rpartition("/")[2]
    assert (body["stream"], body["stream_options"], body["tools"]) == (True, {"include_usage": True}, [TOOL])


@pytest.mark.parametrize(
    "model", ["anthropic/claude-sonnet-4-5", "gemini/gemini-2.0-flash", "bedrock/x", "nobody/knows"]
)
def test_any_other_provider_is_left_to_litellm(model: str) -> None:
    assert through_litellm(model) is None


def test_without_a_key_litellm_looks_for_one_itself() -> None:
    assert through_litellm("openai/gpt-4o-mini", key=None) is None


def test_a_schema_that_litellm_would_ask_for_in_disguise_is_left_to_litellm() -> None:
    """For this model it asks for a call of a tool of its own making, and turns the call back into text."""
    assert through_litellm("groq/llama-3.1-8b-instant", schema={"type": "object"}) is None


def test_prices_are_litellms() -> None:
    call = through_litellm("groq/llama-3.1-8b-instant")
    assert call is not None
    assert call.price(1_000_000, 1_000_000) == 130_000
