"""Errors: one exception, `ProblemError(code, detail)`, and its way to `application/problem+json`."""

from servicekit.errors.fields import field_errors, pointer
from servicekit.errors.handlers import install_problem_handlers
from servicekit.errors.problem import ProblemError
from servicekit.errors.response import problem_body, problem_headers, problem_response

__all__ = [
    "ProblemError",
    "field_errors",
    "install_problem_handlers",
    "pointer",
    "problem_body",
    "problem_headers",
    "problem_response",
]
