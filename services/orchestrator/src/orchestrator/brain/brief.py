"""Tools as a small model sees them: one line each, and a reply that can be nothing but a call of one, or an answer.

A model that is held to such a schema while it writes cannot misspell a tool or leave out an argument. What an argument
may be is checked afterwards, as with every other model.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from orchestrator.brain.port import ToolSpec


def brief_line(tool: ToolSpec) -> str:
    """`- name(argument, argument): What it does.`; `order_id or email` where one of several is enough."""
    needed = " or ".join(", ".join(one) for one in _needed(tool))
    return f"- {tool.name}({needed}): {tool.description.split('. ')[0].rstrip('.')}."


def brief_schema(tools: Sequence[ToolSpec]) -> dict[str, Any]:
    """The JSON Schema of a reply: a call of one of the tools with exactly the arguments that it needs, or an answer.

    A union at the root, which not every provider takes: for servers that turn a schema into a grammar.
    """
    calls = [_call(tool, names) for tool in sorted(tools, key=lambda one: one.name) for names in _needed(tool)]
    answer = _object({"kind": {"const": "final_message"}, "text": {"type": "string"}})
    return {"anyOf": [*calls, answer]}


def _call(tool: ToolSpec, names: Sequence[str]) -> dict[str, Any]:
    properties = tool.parameters.get("properties", {})
    arguments = _object({name: _type(properties.get(name, {})) for name in names})
    return _object({"kind": {"const": "tool_call"}, "name": {"const": tool.name}, "arguments": arguments})


def _needed(tool: ToolSpec) -> Iterator[tuple[str, ...]]:
    """The sets of arguments of which one is enough; an empty set where none is needed."""
    required = tuple(tool.parameters.get("required", ()))
    ways: Sequence[dict[str, Any]] = tool.parameters.get("oneOf") or ({},)
    return (tuple(dict.fromkeys((*required, *way.get("required", ())))) for way in ways)


def _type(schema: dict[str, Any]) -> dict[str, Any]:
    """The type alone: patterns and lengths make a grammar large, and are looked at afterwards."""
    chosen = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    kept = {key: chosen[key] for key in ("type", "enum") if key in chosen}
    if isinstance(chosen.get("items"), dict):
        kept["items"] = _type(chosen["items"])
    return kept


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
