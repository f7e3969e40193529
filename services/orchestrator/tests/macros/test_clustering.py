"""Which answers of staff are nearly the same words to nearly the same question, and which only look so."""

import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.gaps.policy import load_gap_policy
from orchestrator.macros.clustering import Answer, Cluster, clusters_of
from orchestrator.macros.policy import load_macro_policy
from servicekit.embedding import QuickEmbedder

AXES = ("Do you sharpen axes?", "Can I have my axe sharpened?", "Axe sharpening, do you do that?")
YES = "Yes, we sharpen axes in our workshop. Send it to us, it takes three days."
POLICY, GAPS = load_macro_policy(), load_gap_policy()
_places = itertools.count(1)
Clusters = Callable[[Sequence[Answer]], list[Cluster]]


@pytest.fixture(scope="module")
def clusters() -> Clusters:
    """The clusters under the rules that ship."""
    embedder = QuickEmbedder.load()
    return lambda answers: clusters_of(answers, embedder, POLICY, GAPS)


def said(
    text: str = YES, question: str = AXES[0], customer: str = "", conversation: str = "", language: str = "en"
) -> Answer:
    place = next(_places)
    then = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=place)
    return Answer(
        10 * place, 10 * place - 1, conversation or f"cnv_{place}", customer or f"c{place}", question, text, language,
        "staff", then,
    )  # fmt: skip


def test_nearly_the_same_words_to_three_customers_are_a_cluster(clusters: Clusters) -> None:
    answers = [
        said(YES, AXES[0]),
        said("Yes, we do sharpen axes in our workshop. Please send it to us, it takes three days.", AXES[1]),
        said("Hi <name>, yes, we sharpen axes in our workshop. Send it to us, it takes three days. Best, Kim", AXES[2]),
    ]
    (found,) = clusters(answers)
    assert (found.conversations, found.customers, found.answers) == (3, 3, tuple(answers))


@pytest.mark.parametrize(
    "other",
    [
        "Yes, we sharpen axes in our workshop. Send it to us, it takes 4 days.",
        "Yes, we sharpen axes in our workshop. Send it to us, it never takes three days.",
        "Yes, we repair tents in our workshop. Send it to us, it takes three days.",
        "No, we do not sharpen axes. A locksmith near you may help.",
        "Axes are sharpened in the workshop of ours, and after three days you have yours back, once we got it.",
    ],
    ids=["another number", "a denial", "another thing", "the opposite", "other words"],
)
def test_what_says_something_else_is_not_counted(clusters: Clusters, other: str) -> None:
    assert clusters([said(), said(), said(other)]) == []
    assert len(clusters([said(), said(), said()])) == 1


def test_the_same_sentence_about_another_thing_is_another_answer(clusters: Clusters) -> None:
    repair = "Yes, our workshop repairs every {} that you bought from us. Send your {} to us, it takes two weeks."
    shirt, jacket = (said(repair.format(one, one), f"Can you repair my {one}?") for one in ("shirt", "jacket"))
    assert clusters([shirt, jacket, said(shirt.text, shirt.question)]) == []
    assert len(clusters([shirt, said(shirt.text, jacket.question), said(shirt.text, shirt.question)])) == 1


def test_one_customer_who_asks_often_is_one_customer(clusters: Clusters) -> None:
    assert clusters([said(customer="ada"), said(customer="ada"), said(customer="ben"), said(customer="ben")]) == []


def test_one_conversation_counts_once_however_often_it_was_said_there(clusters: Clusters) -> None:
    assert clusters([said(conversation="x"), said(conversation="x"), said(conversation="x"), said()]) == []
    (found,) = clusters([said(conversation="x"), said(conversation="x"), said(), said()])
    assert (found.conversations, len(found.answers)) == (3, 3)


def test_what_is_said_to_all_kinds_of_questions_is_a_greeting(clusters: Clusters) -> None:
    hello = "Hello, this is Kim of the support team. One moment please, I will have a look."
    questions = (
        "Where is my parcel?", "How do I get an invoice?", "The zip of my jacket is broken", "Do you ship to Norway?",
        "I want to change my password", "Do you sharpen axes?", "Do you sharpen my axe?", "Sharpen axes?",
    )  # fmt: skip
    assert clusters([said(hello, question) for question in questions]) == []
    assert len(clusters([said(hello, question) for question in questions[-3:]])) == 1


def test_a_courtesy_is_no_answer_and_languages_are_kept_apart(clusters: Clusters) -> None:
    assert clusters([said("You are very welcome, <name>!") for _ in range(5)]) == []
    assert clusters([said(), said(), said(language="de")]) == []


def test_the_same_answers_in_any_order_give_the_same_clusters(clusters: Clusters) -> None:
    invoice = ("Your invoice is in your account, below orders.", "Where is my invoice?")
    answers = [*(said() for _ in range(3)), *(said(*invoice) for _ in range(4))]
    found = clusters(answers)
    assert [one.customers for one in found] == [4, 3]
    assert clusters(answers[::-1]) == found
