"""Whatever a service answers, it becomes one of our codes, and none of its words go on."""

import json
from typing import Any

import pytest

from contracts.errors import PROBLEMS, ProblemCode, problem
from orchestrator.tools.calls import failed
from orchestrator.tools.failures import from_http_failure, from_response
from servicekit.http.client import FailureKind, HttpFailure, HttpResponse


def answer(status: int, body: Any = b"", kind: str = "application/problem+json", **headers: str) -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, {"content-type": kind, **headers}, content)


@pytest.mark.parametrize("code", [code for code in ProblemCode if PROBLEMS[code].status != 401])
def test_a_problem_of_ours_keeps_its_code(code: ProblemCode) -> None:
    body = problem(code, "their words").model_dump(mode="json")
    assert from_response(answer(body["status"], body)).code is code


def test_a_code_that_disagrees_with_its_status_is_not_believed() -> None:
    body = problem(ProblemCode.ORDER_NOT_FOUND).model_dump(mode="json")
    assert from_response(answer(503, body)).code is ProblemCode.OVERLOADED


def test_a_code_from_the_future_falls_back_on_its_status() -> None:
    body = problem(ProblemCode.CONFLICT).model_dump(mode="json") | {"code": "moon_phase"}
    assert from_response(answer(409, body)).code is ProblemCode.CONFLICT


def test_a_missing_route_is_not_told_as_a_missing_order() -> None:
    assert from_response(answer(404, b"Not Found", "text/plain")).code is ProblemCode.TOOL_UNKNOWN


@pytest.mark.parametrize("status", [300, 302, 500, 502, 503, 504, 599])
def test_a_server_error_is_the_tools_fault(status: int) -> None:
    assert from_response(answer(status, b"<html>", "text/html")).tool_fault is (status >= 500)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 422, 429, 501])
def test_a_refusal_is_not_the_tools_fault(status: int) -> None:
    assert not from_response(answer(status, b"")).tool_fault


@pytest.mark.parametrize("code", [ProblemCode.UNAUTHENTICATED, ProblemCode.TOKEN_EXPIRED])
def test_a_service_that_does_not_believe_our_token_is_not_told_as_the_customers_lack_of_rights(
    code: ProblemCode,
) -> None:
    for body in (problem(code).model_dump(mode="json"), b"<html>"):
        trouble = from_response(answer(401, body))
        assert (trouble.code, trouble.tool_fault) == (ProblemCode.INTERNAL, True)


def test_the_longer_of_no_wishes_is_no_wait_and_a_date_is_ignored() -> None:
    dated = answer(429, b"", **{"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"})
    assert from_response(dated).retry_after_s == 0.0
    assert from_response(answer(429, b"", **{"retry-after": "2"})).retry_after_s == 2.0


def test_a_wish_in_the_body_counts_when_there_is_no_header() -> None:
    body = problem(ProblemCode.OVERLOADED, retry_after_s=1.5).model_dump(mode="json")
    assert from_response(answer(503, body)).retry_after_s == 1.5


@pytest.mark.parametrize(
    ("kind", "code"),
    [("timeout", ProblemCode.DEADLINE_EXCEEDED), ("connect", ProblemCode.DEPENDENCY_DOWN),
     ("reset", ProblemCode.DEPENDENCY_DOWN), ("protocol", ProblemCode.DEPENDENCY_DOWN)],
)  # fmt: skip
def test_a_broken_exchange_is_the_tools_fault(kind: FailureKind, code: ProblemCode) -> None:
    trouble = from_http_failure(HttpFailure(kind))
    assert trouble.code is code
    assert trouble.tool_fault


@pytest.mark.parametrize("code", ProblemCode)
def test_every_code_has_a_sentence_for_people(code: ProblemCode) -> None:
    assert failed(code).detail.endswith(".")
