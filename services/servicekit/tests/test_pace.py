"""A tool that has become slow opens its breaker; one that is slow now and then, or always was, does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicekit.errors import ProblemError
from servicekit.http.breaker import Breaker, BreakerConfig
from servicekit.testing import FakeClock

FLOOR_S = 0.5
#: How long each answer took, and the pause before it.
ANSWERS = st.lists(st.tuples(st.floats(0.001, 10.0), st.floats(0.0, 20.0)), max_size=150)
PACES = st.floats(0.001, 2.0)
PAUSES = st.floats(0.5, 5.0)
#: Minutes and hours of calls, in no time of the clock's but some of ours.
LONG = settings(deadline=None, max_examples=20)


class Tool:
    """A tool that never fails, behind its breaker."""

    def __init__(self, config=BreakerConfig()):  # noqa: B008 - frozen
        self.clock = FakeClock()
        self.breaker = Breaker(config, self.clock)
        self.began = self.clock.monotonic()
        self.opened = 0

    @property
    def state(self):
        return self.breaker.state_name

    def answers(self, took_s):
        """Whether it was asked at all."""
        try:
            permit = self.breaker.permit()
        except ProblemError:
            return False
        before = self.state
        permit.success(took_s, floor_s=FLOOR_S)
        self.opened += before == "closed" and self.state == "open"
        return True

    def goes_on(self, took_s, *, every_s, for_s):
        """Answers in `took_s` each, one every so many seconds."""
        until = self.clock.monotonic() + for_s
        while self.clock.monotonic() < until:
            self.answers(took_s)
            self.clock.advance(every_s)


@given(ANSWERS)
def test_it_never_opens_without_five_answers_beyond_floor_and_twice_the_fastest_in_the_last_minute(answers):
    tool, seen = Tool(), []
    for took_s, pause_s in [(0.01, 4.0)] * 30 + answers:
        tool.clock.advance(pause_s)
        now = tool.clock.monotonic()
        before = tool.state
        if tool.answers(took_s):
            seen.append((now, took_s))
        if before == "closed" and tool.state == "open":
            limit = max(FLOOR_S, 2 * min(took for _, took in seen))
            recent = [took for at, took in seen if now - at < 60]
            assert sum(took > limit for took in recent) >= 5
            # Whole slices are judged: the oldest ten seconds of the minute may be left out.
            younger = [took for at, took in seen if now - at < 50]
            assert sum(took > limit for took in recent) * 2 >= len(younger)
            assert sum(now - at >= 50 for at, _ in seen) >= 20


@given(st.lists(st.tuples(st.floats(0.001, FLOOR_S), st.floats(0.0, 20.0)), max_size=150))
def test_answers_up_to_the_floor_are_never_slow_however_fast_the_tool_was(answers):
    tool = Tool()
    tool.goes_on(0.005, every_s=1, for_s=120)
    for took_s, pause_s in answers:
        tool.clock.advance(pause_s)
        assert tool.answers(took_s)
    assert tool.state == "closed"


@LONG
@given(PACES, PAUSES, st.floats(1.0, 2.0))
def test_up_to_twice_as_long_as_ever_is_not_slow(usual_s, every_s, times):
    tool = Tool()
    tool.goes_on(usual_s, every_s=every_s, for_s=180)
    tool.goes_on(usual_s * times, every_s=every_s, for_s=120)
    assert (tool.opened, tool.state) == (0, "closed")


@pytest.mark.parametrize(("times", "opened"), [(1.99, 0), (2.01, 1)])
def test_twice_as_long_is_where_it_begins(times, opened):
    tool = Tool()
    tool.goes_on(1.0, every_s=1, for_s=180)
    tool.goes_on(times, every_s=1, for_s=60)
    assert tool.opened == opened


@LONG
@given(PACES, PAUSES, st.floats(1.01, 5.0))
def test_a_tool_that_becomes_slow_is_left_alone_within_a_minute_or_five_calls(usual_s, every_s, times):
    tool = Tool()
    tool.goes_on(usual_s, every_s=every_s, for_s=180)
    assert tool.state == "closed"
    tool.goes_on(times * max(FLOOR_S, 2 * usual_s), every_s=every_s, for_s=max(60.0, 6 * every_s))
    assert tool.opened == 1


@LONG
@given(PACES, PAUSES)
def test_a_tool_that_stays_slow_is_left_alone_a_few_times_and_then_that_is_its_pace(usual_s, every_s):
    tool = Tool()
    tool.goes_on(usual_s, every_s=every_s, for_s=180)
    slow_s = 1.1 * max(FLOOR_S, 2 * usual_s)
    tool.goes_on(slow_s, every_s=every_s, for_s=1800)
    opened = tool.opened
    assert 1 <= opened <= 3
    tool.goes_on(slow_s, every_s=every_s, for_s=600)
    assert (tool.opened, tool.state) == (opened, "closed")


@pytest.mark.parametrize("slow_in_ten", [1, 4])
def test_some_slow_answers_among_many_do_not_open_it(slow_in_ten):
    tool = Tool()
    tool.goes_on(0.01, every_s=0.2, for_s=180)
    for number in range(2_000):
        assert tool.answers(3.0 if number % 10 < slow_in_ten else 0.01)
        tool.clock.advance(0.05)
    assert tool.opened == 0


def test_one_hiccup_that_strikes_all_calls_under_way_does_not_open_it():
    tool = Tool()
    tool.goes_on(0.01, every_s=0.5, for_s=180)
    for _ in range(32):
        assert tool.answers(1.5)
    assert tool.state == "closed"


def test_before_anything_is_usual_nothing_is_slow():
    tool = Tool()
    tool.goes_on(5.0, every_s=1, for_s=50)
    assert (tool.opened, tool.state) == (0, "closed")


def test_a_few_quick_answers_do_not_make_a_usual_pace():
    tool = Tool()
    tool.goes_on(0.01, every_s=1, for_s=15)
    tool.clock.advance(60)
    tool.goes_on(3.0, every_s=1, for_s=50)
    assert (tool.opened, tool.state) == (0, "closed")


def test_a_probe_that_answers_slowly_closes_it_for_it_works():
    tool = Tool()
    tool.goes_on(0.01, every_s=1, for_s=120)
    tool.goes_on(3.0, every_s=1, for_s=50)
    assert tool.state == "open"
    tool.clock.advance(60)
    assert tool.answers(3.0)
    assert tool.state == "closed"


def test_what_it_has_rested_for_does_not_count_again():
    tool = Tool(BreakerConfig(open_s=1))
    tool.goes_on(0.01, every_s=1, for_s=120)
    for _ in range(120):
        if not tool.opened:
            tool.answers(3.0)
            tool.clock.advance(1)
    assert tool.opened == 1
    for _ in range(4):
        assert tool.answers(3.0)
    assert (tool.opened, tool.state) == (1, "closed")


def test_what_it_remembers_is_bounded():
    tool = Tool()
    for _ in range(20_000):
        tool.answers(0.01)
        tool.clock.advance(0.7)
    slices = tool.breaker.state.pace.slices
    assert len(slices) <= 60
    assert max(len(one.took_s) for one in slices) <= 20
