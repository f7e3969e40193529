"""What a failing Zendesk means to our caller, in our words."""

from typing import assert_never

from contracts.errors import ProblemCode
from servicekit.errors import ProblemError
from servicekit.http.remote import RemoteFailure


def problem_of(failure: RemoteFailure) -> ProblemError:
    """The problem. Only a refusal of this very ticket is the caller's; a wrong key or address of ours is an outage."""
    wait = failure.retry_after_s
    match failure.kind:
        case "rejected":
            return ProblemError(ProblemCode.INVALID_REQUEST, "The ticket system did not accept this ticket.")
        case "rate_limited":
            return ProblemError(ProblemCode.RATE_LIMITED, "The ticket system is busy.", retry_after_s=wait)
        case "conflict":
            return ProblemError(ProblemCode.OVERLOADED, "The ticket system is busy with this.", retry_after_s=wait or 1)
        case "timeout":
            return ProblemError(ProblemCode.DEADLINE_EXCEEDED, "The ticket system took too long.")
        case "unauthorised" | "not_found" | "unavailable" | "garbage":
            return ProblemError(ProblemCode.DEPENDENCY_DOWN, "The ticket system cannot be reached.", retry_after_s=wait)
        case other:
            assert_never(other)


def not_yet() -> ProblemError:
    """The ticket is not open yet: something else happened in the conversation meanwhile, so it is asked again."""
    return ProblemError(ProblemCode.OVERLOADED, "The ticket is still being opened.", retry_after_s=1)
