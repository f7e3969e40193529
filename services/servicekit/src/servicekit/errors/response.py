"""A problem as an HTTP answer."""

import math

import orjson
from starlette.responses import Response

from contracts.errors import PROBLEM_MEDIA_TYPE, Problem, ProblemCode
from servicekit.telemetry.current import trace_id


def problem_body(problem: Problem) -> bytes:
    """The JSON of a problem, with the current trace id."""
    body = problem.model_dump(mode="json", exclude_none=True)
    if not body["trace_id"]:
        body["trace_id"] = trace_id()
    return orjson.dumps(body)


def problem_headers(problem: Problem) -> dict[str, str]:
    """The headers that go with a problem: how to authenticate, when to come again, when by another connection."""
    headers: dict[str, str] = {"content-type": PROBLEM_MEDIA_TYPE}
    if problem.status == 401:
        headers["www-authenticate"] = 'Bearer error="invalid_token"'
    if problem.code is ProblemCode.CONTRACT_VERSION:
        # A connection leads to one replica: by a new one the caller may meet another.
        headers["connection"] = "close"
    if problem.retry_after_s is not None:
        headers["retry-after"] = str(max(1, math.ceil(problem.retry_after_s)))
    return headers


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The problem as `application/problem+json`; `headers` are added."""
    return Response(problem_body(problem), problem.status, {**problem_headers(problem), **(headers or {})})
