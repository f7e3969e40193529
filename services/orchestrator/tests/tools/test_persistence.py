"""When a call is tried again, and after what pause."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import PROBLEMS, ProblemCode
from orchestrator.tools.failures import Trouble
from orchestrator.tools.persistence import CAP_S, next_wait

BUSY = Trouble(ProblemCode.DEPENDENCY_DOWN, tool_fault=True)


@pytest.mark.parametrize("code", [code for code in ProblemCode if not PROBLEMS[code].retryable])
def test_what_will_not_pass_by_itself_is_never_tried_again(code: ProblemCode) -> None:
    trouble = Trouble(code, tool_fault=False)
    assert next_wait(trouble, attempt=1, retries_left=3, left_s=9.0, jitter=random.Random(1)) is None


def test_without_retries_left_there_is_no_further_attempt() -> None:
    assert next_wait(BUSY, attempt=3, retries_left=0, left_s=9.0, jitter=random.Random(1)) is None


def test_a_wish_of_the_service_is_honoured_when_it_fits_into_the_time_left() -> None:
    asked = Trouble(ProblemCode.RATE_LIMITED, tool_fault=False, retry_after_s=1.0)
    wait = next_wait(asked, attempt=1, retries_left=2, left_s=2.0, jitter=random.Random(1))
    assert wait is not None
    assert wait.seconds == 1.0
    assert next_wait(asked, attempt=1, retries_left=2, left_s=0.9, jitter=random.Random(1)) is None


def test_looking_for_a_replica_of_another_release_costs_no_retry_and_ends_in_time() -> None:
    older = Trouble(ProblemCode.CONTRACT_VERSION, tool_fault=False)
    for attempt in (1, 50, 5000):
        wait = next_wait(older, attempt=attempt, retries_left=0, left_s=0.2, jitter=random.Random(1))
        assert wait is not None
        assert (wait.paid, 0 < wait.seconds <= 0.05) == (False, True)
    assert next_wait(older, attempt=2, retries_left=3, left_s=0.09, jitter=random.Random(1)) is None


def test_waiting_for_the_result_of_the_first_call_costs_no_retry() -> None:
    in_flight = Trouble(ProblemCode.IDEMPOTENCY_IN_FLIGHT, tool_fault=False)
    wait = next_wait(in_flight, attempt=4, retries_left=0, left_s=2.0, jitter=random.Random(1))
    assert wait is not None
    assert not wait.paid


@given(st.integers(1, 9), st.floats(0.0, 30.0), st.integers(0, 2**32))
def test_no_wait_is_longer_than_the_cap_or_the_time_left(attempt: int, left_s: float, seed: int) -> None:
    wait = next_wait(BUSY, attempt=attempt, retries_left=1, left_s=left_s, jitter=random.Random(seed))
    assert wait is None or 0.0 <= wait.seconds <= min(CAP_S, left_s)
