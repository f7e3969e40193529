"""Which changes of a JSON Schema break somebody who was built against the old one.

Callers are strict: whatever the old input schema took, the new one must take. Readers are open: whatever the old
output schema promised must still be there, and fields may be added. It knows the part of JSON Schema that
`contracts.schema` writes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_EXACT = ("pattern", "format", "multipleOf", "uniqueItems")
_ANYTHING = "anything"


_NONE: frozenset[str] = frozenset()


def input_breaks(
    old: Schema, new: Schema, *, removable: frozenset[str] = _NONE, requirable: frozenset[str] = _NONE, at: str = ""
) -> list[str]:
    """What a caller built against `old` may send that `new` refuses.

    `removable` are announced removals at the top level, `requirable` the fields that replace them.
    """
    return list(_input(old, new, at, removable, requirable))


def output_breaks(old: Schema, new: Schema, *, at: str = "") -> list[str]:
    """What a reader built against `old` relies on that `new` no longer promises."""
    return list(_output(old, new, at))


def _input(
    old: Schema, new: Schema, at: str, removable: frozenset[str] = _NONE, requirable: frozenset[str] = _NONE
) -> Iterator[str]:
    if _rule(new) is not None and _rule(new) != _rule(old):
        yield f"input {at or '/'}: the rule between fields changed"
    accepted = _by_type(new)
    for kind, before in _by_type(old).items():
        after = accepted.get(kind) or accepted.get(_ANYTHING) or (accepted.get("number") if kind == "integer" else None)
        if after is None:
            yield f"input {at or '/'}: type {kind} is no longer accepted"
            continue
        yield from _narrowed(before, after, at)
        if kind == "object":
            yield from _input_fields(before, after, at, removable, requirable)
        if kind == "array" and "items" in after:
            yield from _input(before.get("items", {}), after["items"], f"{at}/*")


def _input_fields(
    old: Schema, new: Schema, at: str, removable: frozenset[str], requirable: frozenset[str]
) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    closed = new.get("additionalProperties") is False
    if closed and old.get("additionalProperties") is not False:
        yield f"input {at or '/'}: further fields are no longer accepted"
    for name in sorted(before):
        if name in after:
            yield from _input(before[name], after[name], f"{at}/{name}")
            yield from _default(before[name], after[name], f"{at}/{name}")
        elif closed and name not in removable:
            yield f"input {at}/{name}: the field was removed"
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ())) - requirable):
        became = "became required" if name in before else "is a new required field"
        yield f"input {at}/{name}: {became}"


def _default(old: Schema, new: Schema, at: str) -> Iterator[str]:
    """A call that leaves it out would mean something else, also one that a person has agreed to."""
    if "default" in old and "default" in new and old["default"] != new["default"]:
        yield f"input {at}: the default changed from {old['default']!r} to {new['default']!r}"


def _narrowed(old: Schema, new: Schema, at: str) -> Iterator[str]:
    where = at or "/"
    for key in _UPPER:
        if key in new and (key not in old or new[key] < old[key]):
            yield f"input {where}: {key} went from {old.get(key, 'none')} down to {new[key]}"
    for key in _LOWER:
        if key in new and (key not in old or new[key] > old[key]):
            yield f"input {where}: {key} went from {old.get(key, 'none')} up to {new[key]}"
    for key in _EXACT:
        if key in new and new[key] != old.get(key):
            yield f"input {where}: {key} changed from {old.get(key, 'none')} to {new[key]}"
    allowed, before = _values(new), _values(old)
    if allowed is not None and before is None:
        yield f"input {where}: only listed values are accepted now"
    elif allowed is not None and before is not None:
        gone = [value for value in before if value not in allowed]
        yield from (f"input {where}: the value {value!r} is no longer accepted" for value in gone)


def _output(old: Schema, new: Schema, at: str) -> Iterator[str]:
    promised = _by_type(old)
    for kind, after in _by_type(new).items():
        before = (
            promised.get(kind) or promised.get(_ANYTHING) or (promised.get("number") if kind == "integer" else None)
        )
        if before is None:
            yield f"output {at or '/'}: type {kind} is new to readers"
            continue
        for key in ("pattern", "format"):
            if key in before and after.get(key) != before[key]:
                yield f"output {at or '/'}: {key} changed from {before[key]} to {after.get(key, 'none')}"
        if kind == "object":
            yield from _output_fields(before, after, at)
        if kind == "array" and "items" in before:
            yield from _output(before["items"], after.get("items", {}), f"{at}/*")


def _output_fields(old: Schema, new: Schema, at: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in sorted(before):
        if name in after:
            yield from _output(before[name], after[name], f"{at}/{name}")
        else:
            yield f"output {at}/{name}: the field was removed"
    for name in sorted(set(old.get("required", ())) & set(after) - set(new.get("required", ()))):
        yield f"output {at}/{name}: is no longer always there"


def _by_type(schema: Schema) -> dict[str, Schema]:
    """The alternatives of a schema by their JSON type; a schema without a type takes anything."""
    if "type" not in schema and ("anyOf" in schema or "oneOf" in schema):
        merged: dict[str, Schema] = {}
        for one in schema.get("anyOf", schema.get("oneOf", ())):
            merged.update(_by_type(one))
        return merged
    kinds = schema.get("type", _ANYTHING)
    return dict.fromkeys([kinds] if isinstance(kinds, str) else kinds, schema)


def _rule(schema: Schema) -> Any:
    """A rule between the fields of one object, such as "exactly one of"; None when there is none."""
    return schema.get("oneOf") if "type" in schema else None


def _values(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")
