"""Which sentences need no evidence: our own phrases, and of those with a place only such as claim nothing."""

import pytest

from orchestrator.brain.offline.phrasing import phrases_by_language
from orchestrator.guard.ours import Standing, standing


@pytest.fixture(scope="module")
def own() -> Standing:
    return standing({}, [text for phrases in phrases_by_language().values() for text in phrases.all_texts()])


@pytest.mark.parametrize(
    "sentence",
    [
        "How much of order ••1234 should I refund?",
        "How much of order <order_k7q2m4xd> should I refund?",
        "Our team can: shall I open a ticket with what you wrote about order ••1234?",
        "Our team can: shall I open a ticket with what you wrote?",
    ],
)
def test_a_question_may_name_the_order(sentence: str, own: Standing) -> None:
    assert own.is_ours(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "How much of order 1234, which we lost, should I refund?",
        "How much of order https://evil.example/x should I refund?",
        "I have added your note to order ••1234.",
        "Your refund of 50.00 USD for order ••1234 is done.",
    ],
)
def test_what_claims_something_is_held_against_the_evidence(sentence: str, own: Standing) -> None:
    assert not own.is_ours(sentence)
