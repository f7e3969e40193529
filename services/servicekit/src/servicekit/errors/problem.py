"""The one exception that becomes an answer."""

from collections.abc import Iterable

from contracts.errors import PROBLEMS, FieldError, Problem, ProblemCode, problem


class ProblemError(Exception):
    """Something went wrong in a way that the caller is told about.

    `detail` is written for a person; it never carries upstream text, input values or stack traces.
    """

    def __init__(
        self,
        code: ProblemCode,
        detail: str = "",
        *,
        retry_after_s: float | None = None,
        errors: Iterable[FieldError] = (),
        can_mail: bool | None = None,
    ) -> None:
        super().__init__(f"{code.value}: {detail}" if detail else code.value)
        found = problem(code, detail, retry_after_s=retry_after_s, errors=tuple(errors))
        self.problem: Problem = found.model_copy(update={"can_mail": can_mail})

    @property
    def code(self) -> ProblemCode:
        """The code that a client branches on."""
        return self.problem.code

    @property
    def status(self) -> int:
        """The HTTP status of the code."""
        return PROBLEMS[self.problem.code].status


def key_unavailable() -> ProblemError:
    """The 503 problem of a master key that is not there. Nothing was changed, and nothing is lost once it is back."""
    return ProblemError(
        ProblemCode.KEY_UNAVAILABLE,
        "This cannot be read at the moment: the key that protects it is missing. Nothing is lost; please try later.",
        retry_after_s=30,
    )
