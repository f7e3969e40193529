"""JSON Schema validation that is compiled once per schema, has no network and no exponential patterns."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

MAX_ERRORS = 6
MAX_ERROR_TEXT = 240


class SchemaUnusable(Exception):
    """A tool's schema cannot be compiled: its manifest is wrong, whatever the arguments are."""


def is_valid(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether plain JSON fits. Raises `SchemaUnusable`."""
    return bool(_validator(_key(schema)).is_valid(value))


def errors_of(schema: Mapping[str, Any], value: Any) -> tuple[str, ...]:
    """What is wrong, as `/pointer: reason`, a few of them; empty when it fits. Raises `SchemaUnusable`."""
    found = []
    for error in _validator(_key(schema)).iter_errors(value):
        pointer = "".join(f"/{part}" for part in error.instance_path)
        found.append(f"{pointer or '/'}: {error.message}"[:MAX_ERROR_TEXT])
        if len(found) == MAX_ERRORS:
            break
    return tuple(found)


def _key(schema: Mapping[str, Any]) -> bytes:
    return orjson.dumps(schema)


@lru_cache(maxsize=512)
def _validator(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    """Compiling costs milliseconds, so it is remembered by content; the memo holds no state of any turn."""
    try:
        return jsonschema_rs.Draft202012Validator(
            schema.decode(), validate_formats=True, offline=True, pattern_options=jsonschema_rs.RegexOptions()
        )
    except (ValueError, jsonschema_rs.ValidationError) as error:
        raise SchemaUnusable from error
