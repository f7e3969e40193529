"""JSON Schemas of contract models, self-contained: no `$ref`, no `$defs`, no generated titles.

A schema is read by people, by models (as the parameters of a tool) and by validators in other processes, so
everything it needs stands in place. Recursive models are therefore refused.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

from contracts.ids import Digest

Schema = dict[str, Any]
JsonValue = Any

#: Keywords whose value is a map from *names* to schemas: a property called `title` is not the keyword `title`.
_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas"})
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLE = frozenset({"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"})


def input_schema(model: type[BaseModel]) -> Schema:
    """What a caller may send: closed, unknown fields are refused."""
    return _self_contained(model.model_json_schema(mode="validation"), closed=True)


def output_schema(model: type[BaseModel]) -> Schema:
    """What a service promises to answer: open, so that it may add fields before its readers know them."""
    return _self_contained(model.model_json_schema(mode="serialization"), closed=False)


def union_schema(union: TypeAdapter[Any], *, mode: Literal["validation", "serialization"] = "validation") -> Schema:
    """The schema of a discriminated union, such as the events of a stream."""
    return _self_contained(union.json_schema(mode=mode), closed=True)


def canonical_json(value: JsonValue) -> bytes:
    """The one spelling of a JSON value that digests are taken of: sorted keys, no spaces, UTF-8, no NaN."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def schema_digest(schema: Mapping[str, Any]) -> Digest:
    """SHA-256 (hex) over the canonical spelling of a schema."""
    return hashlib.sha256(canonical_json(dict(schema))).hexdigest()


def _self_contained(schema: Schema, *, closed: bool) -> Schema:
    definitions = schema.pop("$defs", {})
    resolved = _resolve(schema, definitions, closed, ())
    return resolved if isinstance(resolved, dict) else {}


def _resolve(node: Any, definitions: Mapping[str, Any], closed: bool, path: tuple[str, ...]) -> Any:
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = str(node["$ref"]).rsplit("/", 1)[-1]
        if name in path:
            raise ValueError(f"{name} is recursive: its schema cannot stand in place")
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return _resolve({**definitions[name], **beside}, definitions, closed, (*path, name))
    return {
        key: _resolve_keyword(key, value, definitions, closed, path)
        for key, value in node.items()
        if not _is_noise(key, value, closed)
    }


def _resolve_keyword(key: str, value: Any, definitions: Mapping[str, Any], closed: bool, path: tuple[str, ...]) -> Any:
    if key in _MAPS:
        return {name: _resolve(one, definitions, closed, path) for name, one in value.items()}
    if key in _LISTS:
        return [_resolve(one, definitions, closed, path) for one in value]
    if key in _SINGLE:
        return _resolve(value, definitions, closed, path)
    return value


def _is_noise(key: str, value: Any, closed: bool) -> bool:
    """Titles repeat names; a discriminator's mapping points at definitions that no longer exist."""
    if key in {"title", "discriminator"}:
        return True
    return key == "additionalProperties" and value is False and not closed
