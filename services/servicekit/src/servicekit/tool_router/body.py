"""Reads the arguments of a tool call, strictly. Whatever is sent: an accepted model, or a 400, 413, 415 or 422."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError
from starlette.requests import Request

from contracts.base import ContractModel
from contracts.compat import is_later
from contracts.deprecation import ArgumentsRemoved, GivenTwice, in_new_shape, removal
from contracts.errors import FieldError, ProblemCode
from contracts.registry import AnyContract
from contracts.tool import Deprecation
from servicekit.errors import ProblemError, field_errors, pointer

MAX_DEPTH = 32
#: From here on a float may stand for several integers.
_EXACT = 2**53
Asked = TypeVar("Asked", bound=ContractModel)
#: The deprecated arguments that a call gave.
OldShape = tuple[Deprecation, ...]


async def read_object(request: Request) -> dict[str, Any]:
    """The body. Raises UNSUPPORTED_MEDIA_TYPE, MALFORMED_BODY or INVALID_REQUEST."""
    _check_media_type(request)
    return parse_object(await request.body())


async def read_model(request: Request, model: type[Asked], wrong: str) -> Asked:
    """The body as what `model` says, strictly; `wrong` tells a person that it is not. Raises as `read_object`."""
    sent = await read_object(request)
    try:
        return model.model_validate_json(orjson.dumps(sent), strict=True)
    except ValidationError as error:
        raise ProblemError(ProblemCode.INVALID_REQUEST, wrong, errors=_wrong_fields(error)) from None


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8: finite numbers, no name twice, at most 32 levels, no NUL in any text.

    JSON has one kind of number, and its schemas call 5.0 an integer: it is read as 5.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise _malformed("The body is not valid JSON in UTF-8.") from None
    if not isinstance(value, dict):
        raise ProblemError(ProblemCode.INVALID_REQUEST, "The body must be a JSON object.")
    _walk(value, ())
    _refuse_duplicates(raw)
    return value


def parse_arguments(contract: AnyContract, sent: Mapping[str, Any]) -> tuple[ContractModel, OldShape]:
    """The contract's input from a body in its old or its new shape, and which deprecated arguments that gave.

    Raises ProblemError(INVALID_REQUEST) with a pointer to each wrong field, or ProblemError(ARGUMENT_REMOVED).
    """
    new, used = _in_new_shape(contract, sent)
    try:
        # Strict, from JSON: "5" is no number, but a date may be text. Unknown fields are refused by the model.
        arguments: ContractModel = contract.input.model_validate_json(orjson.dumps(new), strict=True)
    except ValidationError as error:
        found = _as_sent(_wrong_fields(error), used)
        raise ProblemError(ProblemCode.INVALID_REQUEST, "Some arguments are missing or wrong.", errors=found) from None
    return arguments, used


def arguments_of_release(
    contract: AnyContract, sent: Mapping[str, Any], planned_with: str
) -> tuple[ContractModel, OldShape]:
    """As `parse_arguments`, of a call that was planned with this version of the contract ("" is not known).

    What is wrong in a call for a later release than this one may be right there: ProblemError(CONTRACT_VERSION).
    """
    try:
        return parse_arguments(contract, sent)
    except ProblemError as error:
        if error.code is not ProblemCode.INVALID_REQUEST or not is_later(planned_with, contract.version):
            raise
        detail = f"This replica serves {contract.version} of {contract.name}; the call is for {planned_with}."
        raise ProblemError(ProblemCode.CONTRACT_VERSION, detail, errors=error.problem.errors) from None


def _wrong_fields(error: ValidationError) -> tuple[FieldError, ...]:
    return field_errors(error.errors(include_url=False, include_input=False, include_context=False))


def _in_new_shape(contract: AnyContract, sent: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[Deprecation, ...]]:
    try:
        return in_new_shape(contract.deprecations, sent)
    except ArgumentsRemoved as error:
        errors = [FieldError(pointer=pointer((one.argument,)), detail=removal(one)) for one in error.deprecations]
        raise ProblemError(ProblemCode.ARGUMENT_REMOVED, str(error), errors=errors) from None
    except GivenTwice as error:
        raise _invalid((error.deprecation.argument,), str(error)) from None


def _as_sent(errors: Iterable[FieldError], used: Iterable[Deprecation]) -> list[FieldError]:
    """Each error points to the argument under the name that the caller gave."""
    names = {pointer((one.replaced_by,)): pointer((one.argument,)) for one in used if one.replaced_by}
    return [
        error.model_copy(update={"pointer": f"{names[head]}{error.pointer[len(head) :]}"})
        if (head := "/" + error.pointer[1:].split("/", 1)[0]) in names
        else error
        for error in errors
    ]


def _check_media_type(request: Request) -> None:
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
        raise ProblemError(ProblemCode.UNSUPPORTED_MEDIA_TYPE, "Send application/json in UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProblemError(ProblemCode.UNSUPPORTED_MEDIA_TYPE, "Send the body without a content encoding.")


def _walk(value: Any, location: tuple[str | int, ...]) -> None:
    """Refuses what no argument may hold, and spells whole numbers in one way."""
    if isinstance(value, str):
        if "\x00" in value:
            raise _invalid(location, "Text must not contain NUL")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _malformed("A number is too large.")
    elif isinstance(value, dict | list):
        if len(location) >= MAX_DEPTH:
            raise _malformed(f"The body is nested deeper than {MAX_DEPTH} levels.")
        items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            if isinstance(key, str) and "\x00" in key:
                raise _invalid(location, "Names must not contain NUL")
            if isinstance(item, float) and item.is_integer() and abs(item) < _EXACT:
                value[key] = int(item)
            else:
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
