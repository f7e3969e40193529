"""A fork in lines for people and for programs."""

import json
from dataclasses import replace
from typing import Any

import pytest

from billing.refunds.policy import load_policy
from contracts.money import Money
from onebox.fork_lines import as_line, sentence, step_lines, tally_lines
from onebox.fork_options import Forks
from onebox.fork_verdicts import with_verdict
from orchestrator.replay.comparing import Forked, Side, Tally, Told
from orchestrator.replay.wishes import Wish

ANSWERED, UNKNOWN = Side("answered", 0, False), Side("unknown", 0, False)
FIFTY = Money(amount_minor=5_000, currency="USD")
TOLD = Told(("answer",), "Thirty days.", ("https://shop.example/returns",), cost_micros=1_000)
SAME = Forked("trn_1", ANSWERED, ANSWERED, None, "", 1, ("a",), ("a",), TOLD, TOLD)
WISH = Wish("issue_refund", {"amount_minor": 5_000}, ("its customer must confirm it",), FIFTY)
OFFLINE = Forks(brain="offline")


def other(**changes: Any) -> Forked:
    return replace(SAME, told_now=replace(TOLD, answer="A month.", cost_micros=3_000), **changes)


def test_what_is_the_same_is_said_in_two_words() -> None:
    assert sentence(SAME) == "trn_1: the same"
    off = Forks(off=frozenset({"search_kb"}))
    assert list(step_lines(SAME, off)) == ["    a", "    nothing in it follows from search_kb"]


def test_other_words_of_the_same_end_are_named() -> None:
    assert sentence(other()) == "trn_1: answered, with other words"


def test_a_write_that_ran_nowhere_is_shown_with_its_policy_and_money() -> None:
    found = other(now=UNKNOWN, unknown="ask what issue_refund would do", wish=WISH, money_now=FIFTY, steps_now=("b",),
                  same=0)  # fmt: skip
    assert list(step_lines(found, OFFLINE)) == [
        "  - a", "  + b", "  + would ask what issue_refund would do; nothing was recorded for it",
        '  + a write that ran nowhere: issue_refund {"amount_minor": 5000}; its customer must confirm it; 50.00 USD',
    ]  # fmt: skip
    told = json.loads(as_line(found, steps=False))
    assert (told["changed"], told["money"], told["money_now"]) == (True, None, FIFTY.model_dump())
    assert told["wish"]["money"] == FIFTY.model_dump()
    assert told["told_now"]["answer"] == "A month."
    assert "steps_now" not in told


@pytest.mark.parametrize(
    ("amount_minor", "told"),
    [(10_000, "at least 0 of staff must approve it (R1)"), (10_001, "at least 1 of staff must approve it (R2)"),
     (50_001, "at least 2 of staff must approve it (R3)")],
)  # fmt: skip
def test_a_refund_that_was_not_asked_for_is_judged_by_its_amount(amount_minor: int, told: str) -> None:
    wish = replace(WISH, money=Money(amount_minor=amount_minor, currency="USD"))
    found = with_verdict(other(wish=wish), load_policy()).wish
    assert found is not None
    assert found.verdict == ("its customer must confirm it", f"by its amount {told}")


def test_what_is_no_refund_has_no_verdict_of_its_policy() -> None:
    for one in (SAME, other(wish=replace(WISH, tool="create_ticket")), other(wish=replace(WISH, money=None))):
        assert with_verdict(one, load_policy()) == one


def test_many_turns_are_counted_with_their_money_and_what_the_models_took() -> None:
    tally = Tally()
    for one in (SAME, other(), other(now=UNKNOWN, unknown="x", wish=WISH, money_now=FIFTY)):
        tally.add(one)
    said = "\n".join(tally_lines(tally, OFFLINE))
    assert "2 of 3 turns would have gone otherwise." in said
    assert "1 \u00d7 answered \u2192 unknown" in said
    assert "Money that would be asked for and was not: 50.00 USD; that was and would not be: nothing." in said
    assert "told in other words: 1; from other pages: 0." in said
    assert "Unknown: 1 turns" in said
    assert "The models took 0.003000 USD, and would have taken 0.007000." in said
    assert "did not answer" not in said


def test_a_model_that_does_not_answer_is_said() -> None:
    tally = Tally()
    tally.add(replace(SAME, told_now=replace(TOLD, brain_failed=1)))
    assert "In 1 turns the model of the fork did not answer, and the offline Brain did." in tally_lines(tally, OFFLINE)


def test_a_fork_of_a_policy_is_counted_as_before() -> None:
    assert len(list(tally_lines(Tally(), Forks()))) == 4
