"""Arguments and answers against the schemas of the manifest, with validators that are compiled once.

A schema comes from another process: no reference in it is fetched, and its patterns run in linear time.
"""

from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs

MAX_ERRORS = 8


class SchemaUnusable(ValueError):
    """A schema that cannot be compiled."""


@dataclass(frozen=True, slots=True)
class CompiledSchema:
    """A JSON Schema ready to check values."""

    schema: dict[str, Any]
    _validator: Any = field(repr=False, compare=False)

    def accepts(self, value: object) -> bool:
        """Whether the value is valid. What JSON cannot say (half a character, a number without end) is not."""
        try:
            return bool(self._validator.is_valid(value))
        except ValueError:
            return False

    def errors(self, value: object) -> tuple[str, ...]:
        """What is wrong with a value, as `/pointer: message` without the value itself; at most 8."""
        found = []
        for error in self._validator.iter_errors(value):
            found.append(f"/{'/'.join(str(part) for part in error.instance_path)}: {error.message}")
            if len(found) == MAX_ERRORS:
                break
        return tuple(found)

    def known_part(self, value: Any) -> Any:
        """The value without the fields that the schema does not name: what nobody declared, nobody redacts."""
        return _known(self.schema, value)


def compile_schema(schema: dict[str, Any]) -> CompiledSchema:
    """The compiled schema; raises SchemaUnusable when it is none, or points outside of itself."""
    try:
        validator = jsonschema_rs.Draft202012Validator(
            schema, validate_formats=True, offline=True, mask="…", pattern_options=jsonschema_rs.RegexOptions()
        )
    except ValueError as error:
        raise SchemaUnusable("the schema cannot be compiled") from error
    return CompiledSchema(schema, validator)


def _known(schema: dict[str, Any], value: Any) -> Any:
    if isinstance(value, dict):
        properties = schema.get("properties")
        if properties is None:
            branch = _branch(schema, "object")
            return value if branch is None else _known(branch, value)
        return {name: _known(properties[name], one) for name, one in value.items() if name in properties}
    if isinstance(value, list):
        items = schema.get("items") or (_branch(schema, "array") or {}).get("items")
        return [_known(items, one) for one in value] if isinstance(items, dict) else value
    return value


def _branch(schema: dict[str, Any], kind: str) -> dict[str, Any] | None:
    """The only alternative of that type; with several, which one is meant is not ours to guess."""
    alternatives = [one for one in schema.get("anyOf", ()) if one.get("type") == kind]
    return alternatives[0] if len(alternatives) == 1 else None
