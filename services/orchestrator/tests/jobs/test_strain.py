"""A process that never gets a moment of rest feels strain; one that works off a burst does not."""

from collections.abc import Iterable

import pytest

from orchestrator.jobs.strain import Strain


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def felt(late_s: Iterable[float] = (), takes_s: Iterable[float] = ()) -> bool:
    """One look, or one message, each 50 ms; asked when the time is over."""
    clock = Clock()
    strain = Strain(clock)
    for late in late_s:
        clock.now += 0.05
        strain.was_late(late)
    for took in takes_s:
        with strain.taking_in():
            clock.now += took
    clock.now += 0.4
    return strain.is_felt()


def test_nothing_is_felt_before_anything_was_seen() -> None:
    assert not felt()
    assert not felt(late_s=[5.0])


def test_a_loop_that_is_late_at_most_looks_hardly_rests() -> None:
    assert felt(late_s=[0.02] * 5 + [0.001] * 3)
    assert not felt(late_s=[0.5] * 3 + [0.001] * 5)


def test_messages_that_all_take_long_are_a_queue_that_never_gets_short() -> None:
    assert felt(takes_s=[0.09] * 4)
    assert not felt(takes_s=[0.09] + [0.01] * 3)


def test_it_is_over_as_soon_as_nobody_is_let_in_any_more() -> None:
    clock = Clock()
    strain = Strain(clock)
    for _ in range(8):
        clock.now += 0.05
        strain.was_late(0.1)
    clock.now += 0.4
    assert strain.is_felt()
    clock.now += 0.4
    assert not strain.is_felt()


def test_a_message_that_fails_counts_too() -> None:
    clock = Clock()
    strain = Strain(clock)

    def failing() -> None:
        clock.now += 0.09
        raise RuntimeError

    for _ in range(4):
        with pytest.raises(RuntimeError), strain.taking_in():
            failing()
    clock.now += 0.4
    assert strain.is_felt()


def test_it_is_told_how_late_the_loop_is() -> None:
    clock = Clock()
    strain = Strain(clock)
    for late in (0.001, 0.004, 0.004, 0.3):
        strain.was_late(late)
    clock.now += 0.4
    assert (strain.is_felt(), strain.late_s()) == (False, 0.004)


async def test_the_loop_looks_by_itself_until_it_is_stopped() -> None:
    strain = Strain()
    strain.start()
    await strain.stop()
    await strain.stop()
    assert not strain.is_felt()
