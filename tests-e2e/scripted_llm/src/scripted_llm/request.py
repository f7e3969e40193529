"""Reads a chat request the way a model would: the question, the tools on offer, the results so far."""

import re
from dataclasses import dataclass
from typing import Any

import orjson

_QUESTION = re.compile(r"<question[^>]*>\s*(.*?)\s*</question>", re.DOTALL)
_EARLIER = re.compile(r"<earlier[^>]*>\s*(.*?)\s*</earlier>", re.DOTALL)
_DATA = re.compile(r'<data tool="([^"]*)"[^>]*>\s*(.*?)\s*</data>', re.DOTALL)


class NotAChatRequest(ValueError):
    """The body is JSON, but not a chat request."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """One result that the model may answer from."""

    tool: str
    value: Any


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What the policy and the scripts look at. `arguments` are those of the tools, as `get_order.order_id`.

    `json_mode` means that a reply of `{"kind": …}` is asked for.
    """

    model: str
    question: str
    earlier: tuple[str, ...]
    tools: frozenset[str]
    arguments: frozenset[str]
    results: tuple[ToolResult, ...]
    stream: bool
    include_usage: bool
    json_mode: bool
    prompt_tokens: int


def read_request(body: bytes) -> ChatRequest:
    """Parses a request body. Raises `ValueError` when it is not a chat request."""
    payload = orjson.loads(body)
    if not isinstance(payload, dict) or not isinstance(payload.get("messages"), list):
        raise NotAChatRequest
    messages: list[dict[str, Any]] = payload["messages"]
    users = _questions(messages)
    content = _text(messages[users[-1]]) if users else ""
    schema = _reply_schema(payload)
    after = messages[users[-1] + 1 :] if users else []
    return ChatRequest(
        model=str(payload.get("model", "")),
        question=_question(content),
        earlier=tuple(
            _EARLIER.sub(r"\1", _text(message))
            for message in messages[: users[-1] if users else 0]
            if message["role"] != "system"
        ),
        tools=_tool_names(payload, schema),
        arguments=_arguments(payload),
        results=(*_data_blocks(content), *_tool_messages(after)),
        stream=bool(payload.get("stream")),
        include_usage=bool((payload.get("stream_options") or {}).get("include_usage")),
        json_mode=any("kind" in one for one in _shapes(schema)),
        prompt_tokens=len(body) // 4,
    )


def _questions(messages: list[dict[str, Any]]) -> list[int]:
    """Where the customer speaks: messages with a question block where there are any, else all of the user's."""
    users = [index for index, message in enumerate(messages) if message.get("role") == "user"]
    marked = [index for index in users if _QUESTION.search(_text(messages[index]))]
    return marked or users


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content)


def _question(content: str) -> str:
    found = _QUESTION.search(content)
    return found.group(1) if found else content


def _reply_schema(payload: dict[str, Any]) -> dict[str, Any]:
    wrapped = (payload.get("response_format") or {}).get("json_schema") or {}
    schema = wrapped.get("schema")
    return schema if isinstance(schema, dict) else {}


def _tool_names(payload: dict[str, Any], schema: dict[str, Any]) -> frozenset[str]:
    told = [one.get("name", {}) for one in _shapes(schema)]
    named = [name for one in told for name in (*one.get("enum", ()), *((one["const"],) if "const" in one else ()))]
    return frozenset((*(tool["function"]["name"] for tool in payload.get("tools") or ()), *named))


def _shapes(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The properties of a reply, or of each that it may be."""
    return [one.get("properties", {}) for one in schema.get("anyOf", (schema,))]


def _arguments(payload: dict[str, Any]) -> frozenset[str]:
    tools = [tool["function"] for tool in payload.get("tools") or ()]
    return frozenset(
        f"{one['name']}.{name}" for one in tools for name in one.get("parameters", {}).get("properties", ())
    )


def _data_blocks(content: str) -> tuple[ToolResult, ...]:
    return tuple(ToolResult(name, _value(text)) for name, text in _DATA.findall(content))


def _tool_messages(messages: list[dict[str, Any]]) -> tuple[ToolResult, ...]:
    names = {call["id"]: call["function"]["name"] for message in messages for call in message.get("tool_calls") or ()}
    found = []
    for message in messages:
        if message.get("role") != "tool":
            continue
        text = _text(message)
        wrapped = _DATA.search(text)
        found.append(
            ToolResult(names.get(message.get("tool_call_id"), ""), _value(wrapped.group(2) if wrapped else text))
        )
    return tuple(found)


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
