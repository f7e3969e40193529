"""Safe repairs of a model's arguments, led by the tool's schema.

Safe means: the new value says the same as the old one to any reader (`"5000"` is 5000, `"ABC123 "` is `ABC123`,
`Customer Asked` is `customer_asked`). Nothing is guessed, nothing unknown is dropped, and the result is validated.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from orchestrator.brain.schemas import is_valid

_DIGITS = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,15}(\.\d{1,9})?", re.ASCII)
_ID_PREFIX = re.compile(r"(?:order|invoice|ticket)?\s*(?:number|no\.?|nr\.?|id)?\s*[:#]?\s*", re.IGNORECASE)
_MIXED_ID = re.compile(r"(?=.*[a-z])(?=.*\d)[a-z0-9-]{3,32}", re.ASCII)
_WORDS = re.compile(r"[\s_-]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TRUE = frozenset({"true", "yes"})
_FALSE = frozenset({"false", "no"})
_DAY_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d %B %Y", "%B %d, %Y", "%d %b %Y", "%b %d, %Y")


def coerce(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The arguments with every safe repair applied, and the names of the arguments that were changed, sorted."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    required = frozenset(schema.get("required", ()))
    folded = Counter(map(fold_name, arguments))
    changed: set[str] = set()
    result: dict[str, Any] = {}
    for given, value in arguments.items():
        name = _property_name(given, properties, folded)
        if name != given:
            changed.add(name)
        subschema = properties.get(name)
        if subschema is None:
            result[name] = value
            continue
        if name not in required and _means_absent(value) and not is_valid(subschema, value):
            changed.add(name)
            continue
        better = _coerce_value(name, value, subschema)
        if better is not value:
            changed.add(name)
        result[name] = better
    return result, tuple(sorted(changed))


def fold_name(name: str) -> str:
    """A name without the differences of spelling that carry no meaning: `Order ID`, `orderId` → `order_id`."""
    return _WORDS.sub("_", _CAMEL.sub("_", name.strip())).strip("_").lower()


def _property_name(given: str, properties: Mapping[str, Any], spellings: Mapping[str, int]) -> str:
    """Two spellings of one name in one call are left alone: which of them is meant would be a guess."""
    if given in properties:
        return given
    folded = fold_name(given)
    return folded if folded in properties and spellings[folded] == 1 else given


def _means_absent(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in {"", "null", "none"})


def _coerce_value(name: str, value: Any, schema: Mapping[str, Any]) -> Any:
    """The first candidate that the schema accepts; the value itself when none does or nothing need change."""
    if is_valid(schema, value):
        return _upper_id(name, value, schema)
    for variant in _variants(schema):
        for candidate in _candidates(name, value, variant):
            if is_valid(schema, candidate):
                return candidate
    return value


def _variants(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The alternatives of a nullable or united schema, null left out."""
    united = schema.get("anyOf") or schema.get("oneOf")
    if not united:
        return [schema]
    return [one for one in united if one.get("type") != "null"]


def _candidates(name: str, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    match schema.get("type"):
        case "string":
            yield from _strings(name, value, schema)
        case "integer":
            yield from _integers(value)
        case "number":
            if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
                yield float(value)
        case "boolean":
            word = value.strip().lower() if isinstance(value, str) else ""
            if word in _TRUE or word in _FALSE:
                yield word in _TRUE
        case "array":
            if isinstance(value, str | int) and not isinstance(value, bool):
                yield [value]
        case _:
            return


def _strings(name: str, value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        # An order number such as 1234 is digits, not an amount: it has one spelling.
        yield str(value)
    if not isinstance(value, str):
        return
    text = value.strip()
    if "enum" in schema:
        yield from _enum_member(text, schema["enum"])
        return
    match schema.get("format"):
        case "date":
            yield from _days(text)
        case "date-time":
            yield from _moments(text)
        case _:
            yield text
            if _names_an_id(name):
                bare = _ID_PREFIX.sub("", text, count=1).strip()
                yield bare
                yield bare.upper()
            elif "pattern" in schema:
                yield text.upper()


def _integers(value: Any) -> Iterator[int]:
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        yield int(value)


def _enum_member(text: str, members: list[Any]) -> Iterator[str]:
    folded = {fold_name(one): one for one in members if isinstance(one, str)}
    wanted = fold_name(text)
    if wanted in folded:
        yield folded[wanted]
        return
    near = difflib.get_close_matches(wanted, folded, n=2, cutoff=0.82) if len(wanted) <= 64 else []
    if len(near) == 1:
        yield folded[near[0]]


def _days(text: str) -> Iterator[str]:
    """Only orders of day, month and year that cannot be read in two ways."""
    head = text.split("T")[0]
    for pattern in _DAY_FORMATS:
        try:
            day = datetime.strptime(head, pattern).replace(tzinfo=UTC).date()
        except ValueError:
            continue
        yield date.isoformat(day)


def _moments(text: str) -> Iterator[str]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return
    if moment.tzinfo is not None:
        yield moment.isoformat()


def _names_an_id(name: str) -> bool:
    return name.endswith(("_id", "_number"))


def _upper_id(name: str, value: Any, schema: Mapping[str, Any]) -> Any:
    """Ids of letters and digits are printed in capitals: `abc123` is the customer's typing of `ABC123`."""
    if not (isinstance(value, str) and _names_an_id(name) and _MIXED_ID.fullmatch(value)):
        return value
    return value.upper() if is_valid(schema, value.upper()) else value
