"""The limit of turns at once finds what a process can carry, and forgets what it once could not."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orchestrator.jobs.limit import AdaptiveLimit


def rush(limit: AdaptiveLimit, *, carries: int, turn_s: float = 1.0, for_s: float = 120.0, at_s: float = 0.0) -> float:
    """A process that is always full: up to `carries` turns do not slow each other down. The time afterwards."""
    until = at_s + for_s
    while at_s < until:
        running = limit.now
        took_s = turn_s * max(1.0, running / carries)
        at_s += took_s / running
        limit.ended(at_s, took_s, running)
    return at_s


def test_while_turns_take_as_long_as_ever_all_are_let_in() -> None:
    limit = AdaptiveLimit(4, 64)
    assert limit.now == 32
    rush(limit, carries=100, for_s=20)
    assert limit.now == 64


@pytest.mark.parametrize("carries", [6, 10, 20, 40])
def test_when_they_slow_each_other_down_there_are_fewer_and_no_work_is_lost_by_it(carries: int) -> None:
    limit = AdaptiveLimit(4, 64)
    at_s = rush(limit, carries=100, for_s=20)
    at_s = rush(limit, carries=carries, at_s=at_s)
    # More than are carried, or there would be idle time; not so many that a turn takes three times as long as it need.
    assert carries <= limit.now <= min(64, 3 * carries)
    rush(limit, carries=100, at_s=at_s, for_s=60)
    assert limit.now == 64


def test_however_slow_it_gets_so_many_turns_are_always_let_in() -> None:
    limit, at_s = AdaptiveLimit(4, 64), 0.0
    seen = set()
    for n in range(2_000):
        at_s += 0.1
        limit.ended(at_s, 1.0 + n, limit.now)
        seen.add(limit.now)
    assert min(seen) == 4


def test_a_model_that_is_simply_slower_now_is_not_blamed_on_the_crowd_for_long() -> None:
    limit = AdaptiveLimit(4, 64)
    at_s = rush(limit, carries=100, for_s=20)
    rush(limit, carries=100, turn_s=6.0, at_s=at_s, for_s=400)
    assert limit.now == 64


def test_slow_turns_change_nothing_while_there_is_room_to_spare() -> None:
    limit = AdaptiveLimit(4, 64)
    at_s = rush(limit, carries=100, for_s=20)
    for n in range(8):
        limit.ended(at_s + n, 1.0, 5)  # ends the window of the rush
    before = limit.now
    for n in range(8, 200):
        limit.ended(at_s + n, 30.0, 5)
    assert limit.now == before == 64


def test_turns_of_many_kinds_are_not_taken_for_a_crowd() -> None:
    """When many begin at once the short ones end together, and they are no measure for the others."""
    limit, at_s, seen = AdaptiveLimit(8, 64), 0.0, []
    for n in range(2_000):
        took_s = 0.35 if n < 8 else (1.2, 1.6, 1.6, 1.9)[n % 4]
        at_s += took_s / limit.now
        at_s += 0.6 if n == 7 else 0.0
        limit.ended(at_s, took_s, limit.now)
        seen.append(limit.now)
    assert min(seen) == 32
    assert limit.now == 64


def test_one_odd_turn_changes_little() -> None:
    limit = AdaptiveLimit(4, 64)
    at_s = rush(limit, carries=100, for_s=20)
    limit.ended(at_s + 0.1, 5.0, 64)
    rush(limit, carries=100, for_s=1.0, at_s=at_s + 0.1)
    assert limit.now == 64


@given(
    least=some.integers(1, 8), more=some.integers(0, 64),
    turns=some.lists(some.tuples(some.floats(0, 60), some.floats(0, 5), some.integers(1, 200)), max_size=300),
)  # fmt: skip
def test_whatever_is_told_it_stays_between_its_bounds(
    least: int, more: int, turns: list[tuple[float, float, int]]
) -> None:
    limit, at_s = AdaptiveLimit(least, least + more), 0.0
    for took_s, passed_s, running in turns:
        at_s += passed_s
        limit.ended(at_s, took_s, running)
        assert least <= limit.now <= least + more


def test_bounds_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="between 5 and 4"):
        AdaptiveLimit(5, 4)
