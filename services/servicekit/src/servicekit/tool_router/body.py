"""Reads the arguments of a tool call, strictly. Whatever is sent: an accepted model, or a 400, 413, 415 or 422."""

import json
import math
from typing import Any

import orjson
from pydantic import ValidationError
from starlette.requests import Request

from contracts.base import ContractModel
from contracts.errors import FieldError, ProblemCode
from contracts.registry import AnyContract
from servicekit.errors import ProblemError, field_errors, pointer

MAX_DEPTH = 32


async def read_object(request: Request) -> tuple[bytes, dict[str, Any]]:
    """The body as sent, and as an object. Raises UNSUPPORTED_MEDIA_TYPE, MALFORMED_BODY or INVALID_REQUEST."""
    _check_media_type(request)
    raw = await request.body()
    return raw, parse_object(raw)


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8: finite numbers, no name twice, at most 32 levels, no NUL in any text."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise _malformed("The body is not valid JSON in UTF-8.") from None
    if not isinstance(value, dict):
        raise ProblemError(ProblemCode.INVALID_REQUEST, "The body must be a JSON object.")
    _walk(value, ())
    _refuse_duplicates(raw)
    return value


def parse_arguments(contract: AnyContract, raw: bytes) -> ContractModel:
    """The contract's input. Raises ProblemError(INVALID_REQUEST) with a pointer to each wrong field."""
    try:
        # Strict, from JSON: "5" is no number, but a date may be text. Unknown fields are refused by the model.
        arguments: ContractModel = contract.input.model_validate_json(raw, strict=True)
    except ValidationError as error:
        found = field_errors(error.errors(include_url=False, include_input=False, include_context=False))
        raise ProblemError(
            ProblemCode.INVALID_REQUEST,
            "Some arguments are missing or wrong.",
            errors=_name_replacements(contract, found),
        ) from None
    return arguments


def _name_replacements(contract: AnyContract, errors: tuple[FieldError, ...]) -> tuple[FieldError, ...]:
    """An argument that was removed gets an error that names its replacement."""
    removed = {
        f"/{item.argument}": item for item in contract.deprecations if item.argument not in contract.input.model_fields
    }
    return tuple(
        FieldError(pointer=error.pointer, detail=f"This argument was removed; use {item.replaced_by!r} instead")
        if (item := removed.get(error.pointer)) and item.replaced_by
        else error
        for error in errors
    )


def _check_media_type(request: Request) -> None:
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
        raise ProblemError(ProblemCode.UNSUPPORTED_MEDIA_TYPE, "Send application/json in UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProblemError(ProblemCode.UNSUPPORTED_MEDIA_TYPE, "Send the body without a content encoding.")


def _walk(value: Any, location: tuple[str | int, ...]) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise _invalid(location, "Text must not contain NUL")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _malformed("A number is too large.")
    elif isinstance(value, dict | list):
        if len(location) >= MAX_DEPTH:
            raise _malformed(f"The body is nested deeper than {MAX_DEPTH} levels.")
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(key, str) and "\x00" in key:
                raise _invalid(location, "Names must not contain NUL")
            _walk(item, (*location, key))


def _refuse_duplicates(raw: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> None:
        if len({name for name, _ in pairs}) != len(pairs):
            raise _malformed("A name appears twice in an object.")

    # Numbers are not read here (they were above): Python refuses integers of more than 4,300 digits.
    json.loads(raw, object_pairs_hook=unique, parse_int=len, parse_float=len)


def _malformed(detail: str) -> ProblemError:
    return ProblemError(ProblemCode.MALFORMED_BODY, detail)


def _invalid(location: tuple[str | int, ...], detail: str) -> ProblemError:
    return ProblemError(
        ProblemCode.INVALID_REQUEST, detail, errors=[FieldError(pointer=pointer(location), detail=detail)]
    )
