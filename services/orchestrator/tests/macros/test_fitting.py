"""Which macros a colleague is offered for a question, and what is filled in."""

from datetime import UTC, datetime

import pytest

from orchestrator.gaps.policy import load_gap_policy
from orchestrator.macros.asking import question_among
from orchestrator.macros.fitting import asked_now, fitting, known_values, offered
from orchestrator.macros.policy import load_macro_policy
from orchestrator.macros.store import Macro
from servicekit.embedding import QuickEmbedder

POLICY, GAPS = load_macro_policy(), load_gap_policy()
ORDERS = {"<order_aaaaaaa2>": "ABC-1", "<order_aaaaaaa3>": "XYZ-9"}


@pytest.fixture(scope="module")
def embedder() -> QuickEmbedder:
    return QuickEmbedder.load()


def macro(question: str, text: str = "Text") -> Macro:
    return Macro(question, "en", 1, question, text, "kim", datetime(2026, 11, 1, tzinfo=UTC), False)


def test_those_that_fit_come_nearest_first_and_at_most_three(embedder: QuickEmbedder) -> None:
    asked = [
        "Can I change my delivery address?", "Change the delivery address of an order", "Where is my invoice?",
        "How do I change the address for a delivery?", "Is a change of address possible for my delivery?",
    ]  # fmt: skip
    found = fitting("How can I change the delivery address?", [macro(one) for one in asked], embedder, POLICY, GAPS)
    assert len(found) == 3
    assert "Where is my invoice?" not in [one.question for one in found]
    assert fitting("Do you sharpen axes?", [macro(one) for one in asked], embedder, POLICY, GAPS) == []
    assert fitting("Do you sharpen axes?", [], embedder, POLICY, GAPS) == []


def test_the_question_is_the_last_message_that_is_one() -> None:
    said = ["I want to talk to a person", "Hello??", "Do you sharpen axes?", "Where is my parcel?"]
    assert asked_now(said, GAPS) == "Do you sharpen axes?"
    assert question_among(["Hello?", "hi", "thanks", "Do you sharpen axes?"], GAPS) is None
    assert asked_now([], GAPS) == ""


@pytest.mark.parametrize(
    ("messages", "number"),
    [
        (["It is <order_aaaaaaa2>", "Not <order_aaaaaaa3>"], "ABC-1"),
        (["Hello?", "About <order_aaaaaaa3> <order_aaaaaaa3>"], "XYZ-9"),
        (["Either <order_aaaaaaa2> or <order_aaaaaaa3>", "<order_aaaaaaa2>"], None),
        (["<order_zzzzzzz2>"], None),
    ],
    ids=["the newest", "twice the same", "two at once", "another conversation's"],
)
def test_an_order_number_is_filled_in_when_it_is_clear_which(messages: list[str], number: str | None) -> None:
    assert known_values(messages, ORDERS, "").get("order_number") == number


def test_a_name_that_may_not_be_seen_stays_open() -> None:
    one = macro("q", "Hello {customer_name}, {order_number} is on its way.")
    hidden = offered(one, known_values(["<order_aaaaaaa2>"], ORDERS, ""))
    assert (hidden.text, hidden.open) == ("Hello {customer_name}, ABC-1 is on its way.", ("customer_name",))
    assert offered(one, known_values(["<order_aaaaaaa2>"], ORDERS, "Ada")).open == ()
