"""The breaker: opens, rests, lets one probe out, closes; for calls that end in any order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ProblemCode
from servicekit.errors import ProblemError
from servicekit.http.breaker import Breaker, BreakerConfig, retry_after_s
from servicekit.testing import FakeClock

CONFIG = BreakerConfig(max_failures=3, window_s=60, open_s=30)
#: A call asks for its permit, or one of those under way (which: modulo) ends like this; then time goes by.
STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "ask", "success", "failure", "release"]), st.integers(0, 20), st.floats(0, 40)),
    max_size=80,
)  # fmt: skip


class Traffic:
    """Calls of one upstream that overlap. `probe` is the permit of the one that decides, while there is one."""

    def __init__(self):
        self.clock = FakeClock()
        self.breaker = Breaker(CONFIG, self.clock)
        self.under_way = []
        self.probe = None
        self.probes = []

    def play(self, steps):
        """After each step: what it was, whose permit (None: refused), the state's name before and after, the time."""
        for kind, which, pause in steps:
            before = self.breaker.state_name
            if kind == "ask":
                permit = self._ask(before)
            elif not self.under_way:
                continue
            else:
                permit = self.under_way.pop(which % len(self.under_way))
                getattr(permit, kind)(*((0.01,) if kind == "success" else ()))
            yield kind, permit, before, self.breaker.state_name, self.clock.monotonic()
            if kind != "ask" and permit is self.probe:
                self.probe = None
            self.clock.advance(pause)

    def _ask(self, before):
        try:
            permit = self.breaker.permit()
        except ProblemError:
            return None
        self.under_way.append(permit)
        if before != "closed":
            self.probe = permit
        return permit


@given(STEPS)
def test_every_call_goes_while_it_is_closed_and_none_is_refused_then(steps):
    for kind, permit, before, after, _ in Traffic().play(steps):
        if kind == "ask" and before == "closed":
            assert permit is not None
            assert after == "closed"


@given(STEPS)
def test_only_the_probe_that_is_under_way_decides_whatever_other_calls_report(steps):
    traffic = Traffic()
    for kind, permit, before, after, _ in traffic.play(steps):
        if kind == "ask" or before == "closed":
            continue
        if permit is not traffic.probe:
            assert after == before
        else:
            assert after == {"success": "closed", "failure": "open", "release": "open"}[kind]


@given(STEPS)
def test_between_two_probes_a_rest_goes_by_unless_the_first_was_given_up(steps):
    traffic, last = Traffic(), None
    for kind, permit, before, after, now in traffic.play(steps):
        if kind == "ask" and permit is not None and before != "closed":
            assert after == "half_open"
            assert last is None or now - last >= CONFIG.open_s
            last = now
        elif after == "closed" or (kind == "release" and permit is traffic.probe):
            last = None


@given(STEPS)
def test_it_opens_only_after_enough_failures_within_the_window(steps):
    failures = []
    for kind, _, before, after, now in Traffic().play(steps):
        if kind == "failure":
            failures.append(now)
        if before == "closed" and after == "open":
            assert kind == "failure"
            assert len([at for at in failures if now - at < CONFIG.window_s]) >= CONFIG.max_failures


@given(STEPS)
def test_it_says_truly_when_to_come_again(steps):
    traffic = Traffic()
    list(traffic.play(steps))
    if wait_s := retry_after_s(traffic.breaker.state, CONFIG, traffic.clock.monotonic()):
        with pytest.raises(ProblemError) as refused:
            traffic.breaker.permit()
        assert refused.value.problem.retry_after_s == wait_s <= CONFIG.open_s
    traffic.clock.advance(wait_s + 0.001)
    assert traffic.breaker.permit()


def fail(breaker, times=3):
    for _ in range(times):
        breaker.permit().failure()


def test_half_open_lets_exactly_one_out():
    clock = FakeClock()
    breaker = Breaker(CONFIG, clock)
    fail(breaker)
    with pytest.raises(ProblemError) as caught:
        breaker.permit()
    assert (caught.value.code, caught.value.problem.retry_after_s) == (ProblemCode.CIRCUIT_OPEN, 30)
    clock.advance(30)
    probe = breaker.permit()
    assert breaker.state_name == "half_open"
    with pytest.raises(ProblemError):
        breaker.permit()
    probe.success(0.01)
    assert breaker.state_name == "closed"


def test_a_failed_probe_rests_anew_and_a_cancelled_one_frees_its_place():
    clock = FakeClock()
    breaker = Breaker(CONFIG, clock)
    fail(breaker)
    clock.advance(30)
    breaker.permit().release()
    breaker.permit().failure()
    clock.advance(29)
    with pytest.raises(ProblemError):
        breaker.permit()
    clock.advance(1)
    assert breaker.permit()


@pytest.mark.parametrize("report", ["release", "failure", "success"])
def test_a_call_from_before_the_rest_says_nothing_of_the_probe(report):
    clock = FakeClock()
    breaker = Breaker(CONFIG, clock)
    old = breaker.permit()
    fail(breaker)
    clock.advance(30)
    probe = breaker.permit()
    getattr(old, report)(*((0.01,) if report == "success" else ()))
    assert breaker.state_name == "half_open"
    with pytest.raises(ProblemError):
        breaker.permit()
    probe.success(0.01)
    assert breaker.state_name == "closed"


def test_a_probe_that_was_replaced_decides_nothing_any_more():
    clock = FakeClock()
    breaker = Breaker(CONFIG, clock)
    fail(breaker)
    clock.advance(30)
    hung = breaker.permit()
    clock.advance(30)
    second = breaker.permit()
    hung.release()
    with pytest.raises(ProblemError):
        breaker.permit()
    hung.success(0.01)
    assert breaker.state_name == "half_open"
    second.failure()
    assert breaker.state_name == "open"


def test_failures_of_calls_from_before_a_rest_do_not_count_after_it():
    clock = FakeClock()
    breaker = Breaker(CONFIG, clock)
    old = [breaker.permit() for _ in range(5)]
    fail(breaker)
    clock.advance(30)
    breaker.permit().success(0.01)
    for one in old:
        one.failure()
    assert breaker.state_name == "closed"
