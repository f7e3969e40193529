"""Validation errors as JSON pointers. The input's values never appear, only the names and what was expected."""

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.errors import FieldError

MAX_ERRORS = 20
_MAX_SEGMENT = 64

#: Messages of pydantic that quote the input; these are said in our words.
_OWN_WORDS = {
    "extra_forbidden": "This field is not known",
    "union_tag_invalid": "This tag is not one of the known ones",
    "json_invalid": "The body is not valid JSON",
    "missing": "This field is required",
}


def pointer(location: Iterable[str | int]) -> str:
    """`("items", 0, "amount")` → `/items/0/amount` (RFC 6901); long names are cut."""
    return "".join("/" + str(part)[:_MAX_SEGMENT].replace("~", "~0").replace("/", "~1") for part in location)


def field_errors(errors: Iterable[Mapping[str, Any]], *, skip: int = 0) -> tuple[FieldError, ...]:
    """Pydantic's errors as field errors, at most 20. `skip` leading parts of the location are left out."""
    found: list[FieldError] = []
    for error in errors:
        if len(found) == MAX_ERRORS:
            break
        detail = _OWN_WORDS.get(error["type"])
        if detail is None:
            detail = str(error["msg"]).removeprefix("Value error, ")[:200]
        found.append(FieldError(pointer=_clean(pointer(tuple(error["loc"])[skip:])), detail=_clean(detail)))
    return tuple(found)


def _clean(text: str) -> str:
    # A lone surrogate from an escaped key would break the encoding of our own answer.
    return text.encode("utf-8", "replace").decode("utf-8")
