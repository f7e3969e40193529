"""Every trouble with an upstream, as one of our codes. What the other side wrote never goes any further."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import assert_never

from pydantic import ValidationError

from contracts.errors import PROBLEMS, Problem, ProblemCode
from contracts.headers import RETRY_AFTER
from servicekit.http.client import HttpFailure, HttpResponse

_MAX_PROBLEM_BYTES = 64 * 1024

#: What a status means when no problem of ours explains it: a proxy answered, or something unknown.
_BY_STATUS = {
    403: ProblemCode.FORBIDDEN,
    # Not NOT_FOUND: a missing route must not be told to a customer as a missing order.
    404: ProblemCode.TOOL_UNKNOWN,
    409: ProblemCode.CONFLICT,
    413: ProblemCode.PAYLOAD_TOO_LARGE,
    422: ProblemCode.INVALID_REQUEST,
    429: ProblemCode.RATE_LIMITED,
    501: ProblemCode.NOT_IMPLEMENTED,
    502: ProblemCode.DEPENDENCY_DOWN,
    503: ProblemCode.OVERLOADED,
    504: ProblemCode.DEADLINE_EXCEEDED,
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why one attempt failed. `tool_fault` counts towards the breaker; `retry_after_s` is the service's wish; `about`
    are the arguments that it names.
    """

    code: ProblemCode
    tool_fault: bool
    retry_after_s: float = 0.0
    about: frozenset[str] = frozenset()

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed a moment later."""
        return PROBLEMS[self.code].retryable


#: The answer is no JSON, is too large, or breaks the schema that the service itself published.
GARBAGE = Trouble(ProblemCode.INTERNAL, tool_fault=True)
#: We mint the token of a call, so its refusal says nothing of the customer: a clock or a key is wrong. Nor does it say
#: anything of a write that is asked for again: that may have been done before.
NOT_BELIEVED = Trouble(ProblemCode.INTERNAL, tool_fault=True)

#: The request was never sent, because too many others of ours were under way.
NO_PLACE = Trouble(ProblemCode.OVERLOADED, tool_fault=False)


def from_http_failure(failure: HttpFailure) -> Trouble:
    """The trouble behind an exchange without a usable answer."""
    match failure.kind:
        case "no_place":
            return NO_PLACE
        case "timeout":
            return Trouble(ProblemCode.DEADLINE_EXCEEDED, tool_fault=True)
        case "connect" | "reset" | "protocol":
            return Trouble(ProblemCode.DEPENDENCY_DOWN, tool_fault=True)
        case _:
            assert_never(failure.kind)


def from_response(response: HttpResponse) -> Trouble:
    """The trouble behind a status that is no success. Business errors (4xx) are no fault of the tool."""
    if response.status == HTTPStatus.UNAUTHORIZED:
        return NOT_BELIEVED
    body = _problem(response)
    code = body.code if body is not None else _code_of(response.status)
    fault = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR and code is not ProblemCode.NOT_IMPLEMENTED
    wish = _seconds(response.headers.get(RETRY_AFTER))
    if wish is None and body is not None:
        wish = body.retry_after_s
    about = frozenset(one.pointer.split("/")[1] for one in body.errors if one.pointer.startswith("/")) if body else ()
    return Trouble(code, tool_fault=fault, retry_after_s=max(0.0, wish or 0.0), about=frozenset(about))


def _problem(response: HttpResponse) -> Problem | None:
    """The problem body, when it is one of ours and agrees with the status it came with."""
    if "problem+json" not in response.headers.get("content-type", "") or len(response.body) > _MAX_PROBLEM_BYTES:
        return None
    try:
        body = Problem.model_validate_json(response.body)
    except ValidationError:
        return None
    return body if PROBLEMS[body.code].status == response.status else None


def _code_of(status: int) -> ProblemCode:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return ProblemCode.INVALID_REQUEST if 400 <= status < 500 else ProblemCode.INTERNAL


def _seconds(header: str | None) -> float | None:
    """Whole seconds only: our services send no HTTP dates."""
    return float(header) if header is not None and header.isascii() and header.isdigit() else None
