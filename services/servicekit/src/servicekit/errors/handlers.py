"""Turns every error of an app into problem+json. What nobody expected becomes a 500 in `servicekit.edge`."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from contracts.errors import ProblemCode, problem
from servicekit.admission import admit
from servicekit.crypto import KeyUnavailable
from servicekit.errors.fields import field_errors
from servicekit.errors.problem import ProblemError, key_unavailable
from servicekit.errors.response import problem_response
from servicekit.logging import get_logger

_BY_STATUS = {
    400: ProblemCode.MALFORMED_BODY,
    401: ProblemCode.UNAUTHENTICATED,
    403: ProblemCode.FORBIDDEN,
    404: ProblemCode.NOT_FOUND,
    405: ProblemCode.METHOD_NOT_ALLOWED,
    406: ProblemCode.NOT_ACCEPTABLE,
    409: ProblemCode.CONFLICT,
    410: ProblemCode.LINK_EXPIRED,
    413: ProblemCode.PAYLOAD_TOO_LARGE,
    415: ProblemCode.UNSUPPORTED_MEDIA_TYPE,
    429: ProblemCode.RATE_LIMITED,
    501: ProblemCode.NOT_IMPLEMENTED,
    503: ProblemCode.OVERLOADED,
    504: ProblemCode.DEADLINE_EXCEEDED,
}


async def _on_problem(_: Request, error: Exception) -> Response:
    if not isinstance(error, ProblemError):
        raise error
    return problem_response(error.problem)


async def _on_key(_: Request, error: Exception) -> Response:
    if not isinstance(error, KeyUnavailable):
        raise error
    get_logger().error("master_key_unavailable", kid=error.key_id)
    return problem_response(key_unavailable().problem)


async def _on_http(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    fallback = ProblemCode.INVALID_REQUEST if error.status_code < 500 else ProblemCode.INTERNAL
    # The framework's own words may quote the request; the code's title says enough.
    found = problem(_BY_STATUS.get(error.status_code, fallback))
    return problem_response(found, dict(error.headers or {}))


async def _on_validation(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    try:
        await admit(request)
    except ProblemError as refused:
        return problem_response(refused.problem)
    if _of_another_type(request):
        return problem_response(problem(ProblemCode.UNSUPPORTED_MEDIA_TYPE, "Send application/json in UTF-8."))
    if any(item["type"] == "json_invalid" for item in error.errors()):
        return problem_response(problem(ProblemCode.MALFORMED_BODY, "The body is not valid JSON."))
    errors = field_errors(error.errors(), skip=1)
    return problem_response(problem(ProblemCode.INVALID_REQUEST, errors=errors))


def _of_another_type(request: Request) -> bool:
    """Whether there is a body, and it does not even say that it is JSON."""
    length = request.headers.get("content-length", "0" if "transfer-encoding" not in request.headers else "")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return length != "0" and media_type != "application/json" and not media_type.endswith("+json")


def install_problem_handlers(app: FastAPI) -> None:
    """Registers the handlers for our own, the framework's and validation errors."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(KeyUnavailable, _on_key)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
