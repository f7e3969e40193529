"""Every code has one meaning: a status, a title, a class, and whether to try again."""

import pytest

from contracts.errors import PROBLEMS, ErrorClass, Problem, ProblemCode, problem


@pytest.mark.parametrize("code", ProblemCode)
def test_every_code_is_mapped_to_a_status_a_title_and_a_class(code: ProblemCode) -> None:
    kind = PROBLEMS[code]
    assert 400 <= kind.status <= 599
    assert kind.title
    assert isinstance(kind.error_class, ErrorClass)


@pytest.mark.parametrize("code", ProblemCode)
def test_only_what_may_pass_by_itself_is_retryable(code: ProblemCode) -> None:
    kind = PROBLEMS[code]
    passing = {ErrorClass.TRANSIENT, ErrorClass.TIMEOUT}
    assert kind.retryable == (kind.error_class in passing or code is ProblemCode.INTERNAL)


def test_a_problem_carries_the_meaning_of_its_code() -> None:
    body = problem(ProblemCode.RATE_LIMITED, "Slow down.", trace_id="t1", retry_after_s=2.5)
    assert (body.status, body.retryable, body.retry_after_s) == (429, True, 2.5)
    assert body.type == "urn:aiguy:problem:rate_limited"


def test_a_problem_of_a_newer_service_is_still_read() -> None:
    body = problem(ProblemCode.INTERNAL).model_dump(mode="json") | {"hint": "new"}
    assert Problem.model_validate(body) == problem(ProblemCode.INTERNAL)
