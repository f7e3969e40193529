"""Retries and deadlines."""

import time

import pytest

from contracts.errors import ProblemCode
from servicekit.clock import SystemClock
from servicekit.errors import ProblemError
from servicekit.http.client import HttpFailure
from servicekit.http.deadline import Deadline
from servicekit.http.retry import RetryPolicy, call_with_retry, retry_problems
from servicekit.testing import FakeClock

QUICK = RetryPolicy(attempts=3, base_ms=1, cap_ms=2)


class Upstream:
    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.calls = 0

    async def __call__(self):
        self.calls += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def soon(seconds=5.0):
    return Deadline.after(SystemClock(), seconds)


async def test_it_goes_on_until_an_attempt_succeeds():
    upstream = Upstream(HttpFailure("reset"), HttpFailure("timeout"), "good")
    assert await call_with_retry(upstream, QUICK, deadline=soon(), retry_on=lambda error: True) == "good"
    assert upstream.calls == 3


async def test_the_last_error_comes_out_when_the_attempts_are_used_up():
    upstream = Upstream(*[HttpFailure("reset")] * 5)
    with pytest.raises(HttpFailure):
        await call_with_retry(upstream, QUICK, deadline=soon(), retry_on=lambda error: True)
    assert upstream.calls == 3


async def test_what_may_not_be_repeated_is_not():
    upstream = Upstream(HttpFailure("reset"), "good")
    with pytest.raises(HttpFailure):
        await call_with_retry(upstream, QUICK, deadline=soon(), retry_on=lambda error: False)
    assert upstream.calls == 1


async def test_one_attempt_means_no_retry():
    upstream = Upstream(HttpFailure("reset"), "good")
    with pytest.raises(HttpFailure):
        await call_with_retry(upstream, RetryPolicy(attempts=1), deadline=soon(), retry_on=lambda error: True)
    assert upstream.calls == 1


async def test_a_wait_that_would_outlast_the_deadline_is_not_begun():
    upstream = Upstream(HttpFailure("reset"), "good")
    started = time.monotonic()
    with pytest.raises(HttpFailure):
        await call_with_retry(upstream, QUICK, deadline=soon(0.2), retry_on=lambda error: 10.0)
    assert time.monotonic() - started < 0.2
    assert upstream.calls == 1


async def test_a_retry_after_is_waited_for():
    busy = ProblemError(ProblemCode.OVERLOADED, retry_after_s=0.05)
    upstream = Upstream(busy, "good")
    started = time.monotonic()
    assert await call_with_retry(upstream, QUICK, deadline=soon(), retry_on=retry_problems) == "good"
    assert time.monotonic() - started >= 0.05


def test_only_retryable_problems_are_retried():
    assert retry_problems(ProblemError(ProblemCode.DEPENDENCY_DOWN)) is True
    assert retry_problems(ProblemError(ProblemCode.ORDER_NOT_FOUND)) is False
    assert retry_problems(ValueError()) is False


async def test_nothing_is_tried_after_the_deadline():
    upstream = Upstream("good")
    with pytest.raises(ProblemError) as caught:
        await call_with_retry(upstream, QUICK, deadline=soon(0), retry_on=lambda error: True)
    assert caught.value.code is ProblemCode.DEADLINE_EXCEEDED
    assert upstream.calls == 0


def test_a_deadline_runs_down_and_is_shared():
    clock = FakeClock()
    deadline = Deadline.after(clock, 2)
    clock.advance(0.5)
    assert deadline.within(5) == pytest.approx(1.5)
    assert deadline.within(1) == 1
    clock.advance(2)
    assert deadline.expired
    assert deadline.remaining_s() == 0
    with pytest.raises(ProblemError):
        deadline.within(1)
