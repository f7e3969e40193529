"""Reads a reply that a model wrote as JSON text: one of the two shapes, or the exact reasons why it is neither."""

import re
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from contracts.turn import FinalMessage, Proposal, ToolCall

_FENCE = re.compile(r"^```[a-z]*\s*|\s*```$")
_CALL = frozenset({"kind", "name", "arguments"})
_MESSAGE = frozenset({"kind", "text", "asks_human", "refuses", "confidence"})
MAX_ERRORS = 4


class NotAShape(Exception):
    """The text is neither a tool call nor a final message; `errors` are for the model."""

    def __init__(self, *errors: str) -> None:
        super().__init__("not a reply of one of the two shapes")
        self.errors = errors


def reply_schema(tool_names: tuple[str, ...]) -> dict[str, Any]:
    """The JSON Schema that a reply is asked to follow. Flat, because not every provider takes a union at the root."""
    kinds = ["tool_call", "final_message"] if tool_names else ["final_message"]
    properties: dict[str, Any] = {"kind": {"type": "string", "enum": kinds}}
    if tool_names:
        properties["name"] = {"type": "string", "enum": list(tool_names)}
        properties["arguments"] = {"type": "object"}
    properties["text"] = {"type": "string"}
    properties["asks_human"] = {"type": "boolean"}
    properties["refuses"] = {"type": "boolean"}
    return {"type": "object", "properties": properties, "required": ["kind"], "additionalProperties": False}


class ShapeReader:
    """Holds the compiled contract of a proposal."""

    def __init__(self) -> None:
        self._proposal: TypeAdapter[Proposal] = TypeAdapter(Proposal)

    def read(self, text: str) -> ToolCall | FinalMessage:
        """The proposal in `text`; fences and empty fields of the other shape are forgiven. Raises `NotAShape`.

        Citations are never read from here: they come from the marks in the text.
        """
        try:
            value = orjson.loads(_FENCE.sub("", text.strip()))
        except orjson.JSONDecodeError as error:
            raise NotAShape(f"the reply is not valid JSON: {error.msg} at character {error.pos}") from error
        if not isinstance(value, dict):
            raise NotAShape("the reply must be a JSON object")
        try:
            return self._proposal.validate_python(_of_its_kind(value))
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)[:MAX_ERRORS]
            raise NotAShape(*(f"/{'/'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in found)) from error


def parse_arguments(text: str) -> dict[str, Any]:
    """The arguments of a native tool call. Raises `NotAShape`."""
    try:
        value = orjson.loads(text or "{}")
    except orjson.JSONDecodeError as error:
        raise NotAShape(f"the arguments are not valid JSON: {error.msg} at character {error.pos}") from error
    if isinstance(value, str):
        # Some models encode the arguments twice.
        return parse_arguments(value)
    if not isinstance(value, dict):
        raise NotAShape("the arguments must be a JSON object")
    return value


def _of_its_kind(value: dict[str, Any]) -> dict[str, Any]:
    kind = value.get("kind") or ("tool_call" if "name" in value and "arguments" in value else None)
    if kind == "tool_call":
        shown = {key: one for key, one in value.items() if key in _CALL or one not in ("", None, [], {}, False)}
        return {"arguments": {}, **shown, "kind": kind}
    if kind == "final_message":
        return {key: one for key, one in value.items() if key in _MESSAGE}
    return value
