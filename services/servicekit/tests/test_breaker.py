"""The breaker: opens, rests, lets one probe out, closes; for any order of events."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ProblemCode
from servicekit.errors import ProblemError
from servicekit.http.breaker import (
    Breaker,
    BreakerConfig,
    BreakerState,
    allow,
    record_failure,
    record_success,
    release,
    retry_after_s,
)
from servicekit.testing import FakeClock

CONFIG = BreakerConfig(max_failures=3, window_s=60, open_s=30)
EVENTS = st.lists(st.tuples(st.sampled_from(["allow", "success", "failure", "release"]), st.floats(0, 40)), max_size=60)


def run(events):
    """The states after each event, with the answer of `allow` and the time."""
    state, now, seen = BreakerState(), 0.0, []
    for kind, pause in events:
        now += pause
        before, allowed = state, None
        if kind == "allow":
            state, allowed = allow(state, CONFIG, now)
        elif kind == "success":
            state = record_success(state, CONFIG, now)
        elif kind == "failure":
            state = record_failure(state, CONFIG, now)
        else:
            state = release(state)
        seen.append((kind, before, state, allowed, now))
    return seen


@given(EVENTS)
def test_it_is_closed_exactly_while_calls_go_freely(events):
    for kind, before, after, allowed, _ in run(events):
        if kind == "allow" and before.name == "closed":
            assert allowed
            assert after == before


@given(EVENTS)
def test_between_two_probes_a_rest_goes_by(events):
    probes = []
    for kind, before, after, allowed, now in run(events):
        if after.name == "closed" or kind == "release":
            probes = []
        elif kind == "allow" and allowed and before.name != "closed":
            probes.append(now)
            assert after.name == "half_open"
    assert all(later - earlier >= CONFIG.open_s for earlier, later in pairwise(probes))


@given(EVENTS)
def test_it_opens_only_after_enough_failures_within_the_window(events):
    failures = []
    for kind, before, after, _, now in run(events):
        if kind == "failure":
            failures.append(now)
        if before.name == "closed" and after.name == "open":
            assert kind == "failure"
            assert len([at for at in failures if now - at < CONFIG.window_s]) >= CONFIG.max_failures


@given(EVENTS)
def test_only_a_probes_success_closes_it(events):
    for kind, before, after, _, _ in run(events):
        if before.name != "closed" and after.name == "closed":
            assert (kind, before.name) == ("success", "half_open")


@given(EVENTS, st.floats(0, 100))
def test_it_says_truly_when_to_come_again(events, later):
    seen = run(events)
    if not seen:
        return
    state, now = seen[-1][2], seen[-1][4] + later
    wait = retry_after_s(state, CONFIG, now)
    assert allow(state, CONFIG, now)[1] == (wait == 0)
    assert allow(state, CONFIG, now + wait + 0.001)[1]


def test_half_open_lets_exactly_one_out():
    clock = FakeClock()
    breaker = Breaker(CONFIG, clock)
    for _ in range(3):
        breaker.check()
        breaker.failure()
    with pytest.raises(ProblemError) as caught:
        breaker.check()
    assert (caught.value.code, caught.value.problem.retry_after_s) == (ProblemCode.CIRCUIT_OPEN, 30)
    clock.advance(30)
    breaker.check()
    assert breaker.state_name == "half_open"
    with pytest.raises(ProblemError):
        breaker.check()
    breaker.success()
    assert breaker.state_name == "closed"


def test_a_failed_probe_rests_anew_and_a_cancelled_one_frees_its_place():
    clock = FakeClock()
    breaker = Breaker(CONFIG, clock)
    for _ in range(3):
        breaker.failure()
    clock.advance(30)
    breaker.check()
    breaker.release()
    breaker.check()
    breaker.failure()
    clock.advance(29)
    with pytest.raises(ProblemError):
        breaker.check()
    clock.advance(1)
    breaker.check()


def test_a_late_success_of_an_old_call_does_not_close_an_open_breaker():
    breaker = Breaker(CONFIG, FakeClock())
    for _ in range(3):
        breaker.failure()
    breaker.success()
    assert breaker.state_name == "open"
