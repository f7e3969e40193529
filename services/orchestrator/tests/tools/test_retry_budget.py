"""The retry budget: an outage is amplified by a tenth at most, an isolated failure is always retried."""

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.tools.retry_budget import GRACE_S, MOST_SAVED, RetryBudget


def test_the_first_failure_of_a_tool_is_retried() -> None:
    assert RetryBudget().earn().affords(0.0)


def test_a_spent_budget_refuses_the_next_retry() -> None:
    assert not RetryBudget().spend(0.0).affords(1.0)


def test_ten_calls_earn_one_retry() -> None:
    budget = RetryBudget().spend(0.0)
    for _ in range(9):
        budget = budget.earn()
        assert not budget.affords(1.0)
    assert budget.earn().affords(1.0)


def test_a_failure_long_after_the_last_retry_is_retried_even_when_nothing_was_earned() -> None:
    assert RetryBudget().spend(0.0).affords(GRACE_S)


def test_a_long_calm_saves_up_only_so_much() -> None:
    budget = RetryBudget()
    for _ in range(10_000):
        budget = budget.earn()
    assert budget.tokens == MOST_SAVED


@given(st.lists(st.floats(0.0, 2.0), min_size=1, max_size=400))
def test_in_a_full_outage_the_retries_stay_within_a_tenth_of_the_calls(pauses: list[float]) -> None:
    budget, now, retries = RetryBudget(), 0.0, 0
    for pause in pauses:
        now += pause
        budget = budget.earn()
        while budget.affords(now):
            budget = budget.spend(now)
            retries += 1
    assert retries <= 1 + 0.1 * len(pauses) + now / GRACE_S + 1e-6
