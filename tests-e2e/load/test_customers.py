"""A customer of the load tests takes nothing for an answer that is none, and speaks with this machine alone."""

import random
from importlib.util import find_spec

import pytest
from door import Door
from kinds import FAQ, ORDER, REFUND, SCENARIOS, Kind
from turns import Sample, Turn

from load.scripted_door import CARD, CHUNK, END, scripted_door


def held(url: str, kind: Kind) -> list[Sample]:
    turn = Turn(Door(url), url, "a-token", kind, "BN000007")
    turn.say("load-12345678", kind.words("BN000007", random.Random(1)))
    return turn.legs


def test_a_turn_is_measured_to_its_first_event_its_first_words_and_its_end() -> None:
    with scripted_door(b"event: status\ndata: {}\n\n: hello\n\n" + CHUNK + END) as url:
        (leg,) = held(url, ORDER)
    assert leg.error == ""
    assert leg.outcome == "answered"
    assert 0 < leg.first_ms <= leg.words_ms <= leg.end_ms  # type: ignore[operator]


@pytest.mark.parametrize(
    ("stream", "status", "error"),
    [
        (CHUNK, 200, "the stream ended without an end"),
        (CHUNK + CHUNK + END, 200, "event 1-1 came twice"),
        (END.replace(b"0007", b"0008"), 200, "not about order BN000007"),
        (END.replace(b"answered", b"degraded"), 200, "not answered: degraded"),
        (CHUNK + b'id: 1-1\nevent: error\ndata: {"problem": {"code": "deadline"}}\n\n', 200, "deadline"),
        (b'{"code": "rate_limited"}', 429, "429 rate_limited"),
        (b"<html>Bad gateway</html>", 502, "502 <html>"),
    ],
)
def test_what_is_no_right_answer_is_an_error(stream: bytes, status: int, error: str) -> None:
    with scripted_door(stream, status=status) as url:
        (leg,) = held(url, ORDER)
    assert error in leg.error
    assert leg.status == status


def test_a_question_without_a_page_may_be_refused_and_an_order_may_not() -> None:
    with scripted_door(END.replace(b"answered", b"refused")) as url:
        assert held(url, FAQ)[-1].error == ""
        assert held(url, ORDER)[-1].error != ""


def test_money_moves_after_a_card_only() -> None:
    with scripted_door(CARD + END) as url:
        asked, agreed = held(url, REFUND)
    assert (asked.outcome, agreed.outcome, agreed.error) == ("asked", "answered", "")
    with scripted_door(END) as url:
        assert "was not asked" in held(url, REFUND)[-1].error
    with scripted_door(CARD + END, decision=409) as url:
        assert "409" in held(url, REFUND)[-1].error


def test_load_goes_to_this_machine_alone() -> None:
    with pytest.raises(ValueError, match="this machine"):
        Door("http://shop.example:80")


def test_every_scenario_has_words_for_each_kind() -> None:
    dice = random.Random(1)
    said = {kind.name: kind.words("BN000007", dice) for kinds in SCENARIOS.values() for kind in kinds}
    assert all(said.values())
    assert len({FAQ.words("", dice) for _ in range(50)}) > 40


def test_the_load_generator_is_in_no_installation_of_the_services() -> None:
    assert find_spec("locust") is None
    assert find_spec("gevent") is None
