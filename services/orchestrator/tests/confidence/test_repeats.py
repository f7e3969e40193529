"""Loops: the same question, the same no or the same call again, however it is spelled, since a person last answered."""

import pytest
from pydantic import ValidationError

from contracts.turn import Role
from orchestrator.brain.port import Message
from orchestrator.confidence.policy import LoopRule, load_escalation_policy
from orchestrator.confidence.repeats import times_asked, times_told, turns_called

ASKED = "Where is my tent?"
NO = "I could not find that. Shall I open a ticket?"


def talk(*said: tuple[str, str]) -> list[Message]:
    return [Message(Role(role), text) for role, text in said]


def test_the_first_time_is_no_repetition() -> None:
    assert times_asked(ASKED, [], fewest_words=3) == 1
    assert times_told(NO, []) == 1


@pytest.mark.parametrize("spelled", ["where is my tent", "WHERE IS MY TENT???", "  Where   is my tent …"])
def test_case_punctuation_and_spacing_do_not_count(spelled: str) -> None:
    history = talk(("customer", spelled), ("assistant", NO), ("customer", ASKED), ("assistant", NO))
    assert times_asked(ASKED, history, fewest_words=3) == 3


def test_other_questions_and_our_own_words_do_not_count() -> None:
    history = talk(("customer", "Where is my other tent?"), ("assistant", ASKED), ("customer", "Where is it?"))
    assert times_asked(ASKED, history, fewest_words=3) == 1


@pytest.mark.parametrize("short", ["yes", "Hello there", "ABC1234", "", "???"])
def test_short_messages_are_no_questions(short: str) -> None:
    assert times_asked(short, talk(*[("customer", short)] * 5), fewest_words=3) == 1


def test_a_person_who_answered_ends_the_loop() -> None:
    history = talk(("customer", ASKED), ("assistant", NO), ("customer", ASKED), ("staff", "It ships today."))
    assert times_asked(ASKED, history, fewest_words=3) == 1
    assert times_told(NO, history) == 1


def test_the_same_no_is_counted() -> None:
    history = talk(("customer", "a"), ("assistant", NO), ("customer", "b"), ("assistant", NO), ("assistant", "Hello"))
    assert times_told(NO, history) == 3


@pytest.mark.parametrize(
    ("earlier", "times"),
    [
        ([], 1), (["a"], 2), (["a", "b", "a"], 3), (["a", "", "a b", "a"], 4), (["b", "b"], 1),
        # Only the last turns count.
        (["a", "a", "", "", "", ""], 1), (["a", "a", "", "", "", "a"], 2), (["a"] * 20, 5),
    ],
)  # fmt: skip
def test_the_same_call_is_counted_once_for_each_of_the_last_turns(earlier: list[str], times: int) -> None:
    assert turns_called("a", [frozenset(one.split()) for one in earlier], among=5) == times


def test_a_rule_that_no_turn_could_reach_is_refused() -> None:
    rule = load_escalation_policy().loops.model_dump()
    with pytest.raises(ValidationError, match="at most call_turns"):
        LoopRule(**rule | {"same_call": 4, "call_turns": 3})
