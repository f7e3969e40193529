"""Retries with exponential back-off and jitter, within a deadline, for what `retry_on` names. Built on stamina."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import stamina

from servicekit.errors import ProblemError
from servicekit.http.deadline import Deadline

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`attempts` in all, the first included. Pauses start at `base_ms`, double, stop growing at `cap_ms`; up to
    `jitter` times `base_ms` is added at random.
    """

    attempts: int
    base_ms: int = 50
    cap_ms: int = 500
    jitter: float = 1.0


RetryOn = Callable[[Exception], bool | float]


async def call_with_retry(
    fn: Callable[[], Awaitable[T]], policy: RetryPolicy, *, deadline: Deadline, retry_on: RetryOn
) -> T:
    """`fn()`, again while `retry_on(error)` says so (True, or the seconds to wait, as a Retry-After does).

    Raises the last error when the attempts are used up, or when the pause would outlast the deadline. Raises
    ProblemError(DEADLINE_EXCEEDED) when there is no time for the first attempt. A caller that may not repeat a write
    says so through `retry_on`.
    """
    deadline.check()

    def decide(error: Exception) -> bool | float:
        wanted = retry_on(error)
        if wanted is False or deadline.expired:
            return False
        if wanted is not True and wanted >= deadline.remaining_s():
            return False
        return wanted

    attempts = stamina.retry_context(
        on=decide,
        attempts=max(1, policy.attempts),
        timeout=deadline.remaining_s(),
        wait_initial=policy.base_ms / 1000,
        wait_max=policy.cap_ms / 1000,
        wait_jitter=policy.base_ms / 1000 * policy.jitter,
        wait_exp_base=2,
    )
    async for attempt in attempts:
        with attempt:
            return await fn()
    raise AssertionError("stamina ends with a result or an error")


def retry_problems(error: Exception) -> bool | float:
    """A `retry_on` for ProblemErrors: those marked retryable, after their Retry-After when they have one."""
    if not isinstance(error, ProblemError) or not error.problem.retryable:
        return False
    return error.problem.retry_after_s or True
