"""The limit of turns at once finds what a process can carry, and blames neither the model nor the kinds of turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orchestrator.jobs.limit import AdaptiveLimit


def rush(
    limit: AdaptiveLimit,
    *,
    carries: int,
    own_s: float = 0.05,
    turn_s: float = 1.0,
    for_s: float = 120.0,
    at_s: float = 0.0,
) -> float:
    """A process that is always full. Up to `carries` turns add `own_s` each to what models take; with twice as many a
    turn takes twice as long, and what it takes longer is added by us. The time afterwards.
    """
    until = at_s + for_s
    while at_s < until:
        running = limit.now
        own = own_s + turn_s * max(0.0, running / carries - 1)
        at_s += (turn_s + own) / running
        limit.ended(at_s, own, running)
    return at_s


def test_while_turns_take_no_longer_than_models_and_tools_all_are_let_in() -> None:
    limit = AdaptiveLimit(4, 64)
    assert limit.now == 32
    rush(limit, carries=100, for_s=20)
    assert limit.now == 64


@pytest.mark.parametrize("carries", [6, 10, 20, 40])
def test_when_they_slow_each_other_down_there_are_fewer_and_no_work_is_lost_by_it(carries: int) -> None:
    limit = AdaptiveLimit(4, 64)
    at_s = rush(limit, carries=100, for_s=20)
    at_s = rush(limit, carries=carries, at_s=at_s)
    # More than are carried, or there would be idle time; not so many that a turn takes twice as long as it need.
    assert carries <= limit.now <= min(64, 2 * carries)
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


def test_a_model_that_is_slower_by_a_lot_from_now_on_changes_nothing() -> None:
    limit = AdaptiveLimit(4, 64)
    at_s = rush(limit, carries=100, for_s=20)
    at_s = rush(limit, carries=100, turn_s=0.01, at_s=at_s, for_s=20)
    seen = []
    for _ in range(40):
        at_s = rush(limit, carries=100, turn_s=20.0, at_s=at_s, for_s=10)
        seen.append(limit.now)
    assert min(seen) == 64


def test_where_the_fewest_take_long_too_it_is_not_the_crowd() -> None:
    limit = AdaptiveLimit(4, 64)
    at_s = rush(limit, carries=100, own_s=1.0, for_s=120)
    assert limit.now == 64
    assert limit.bar_s == pytest.approx(2.0)
    at_s = rush(limit, carries=100, at_s=at_s)
    assert limit.bar_s == 0.5
    rush(limit, carries=10, at_s=at_s)
    assert limit.now <= 20


def test_under_strain_slow_turns_are_never_a_reason_to_let_in_more() -> None:
    limit, at_s = AdaptiveLimit(4, 64), 0.0
    for _ in range(2_000):
        at_s += 0.1
        limit.ended(at_s, 1.0, limit.now, strained=True)
    assert (limit.now, limit.bar_s) == (4, 0.5)


def test_under_strain_quick_turns_let_in_nobody_more() -> None:
    limit = AdaptiveLimit(4, 64)
    at_s = rush(limit, carries=100, for_s=20)
    assert not limit.is_found
    rush(limit, carries=20, at_s=at_s)
    found, at_s = limit.now, at_s + 120.0
    assert limit.is_found
    for n in range(160):
        limit.ended(at_s + n, 0.1, limit.now, strained=n % 8 < 5)
    assert found * 0.4 < limit.now < found


def test_slow_turns_change_nothing_while_there_is_room_to_spare() -> None:
    limit = AdaptiveLimit(4, 64)
    at_s = rush(limit, carries=100, for_s=20)
    for n in range(16):
        limit.ended(at_s + n, 0.1, 5)  # ends the window of the rush
    before = limit.now
    for n in range(16, 200):
        limit.ended(at_s + n, 30.0, 5)
    assert limit.now == before == 64


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
