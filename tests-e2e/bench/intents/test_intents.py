"""What was learned is of these messages; they are as the README says, and no conversation of the evaluation is one."""

from collections import Counter

import pytest
from messages import ENGLISH, asked_questions, digest_of, labelled_messages

from orchestrator.brain.offline.intents import NEEDED, Learned, chosen
from orchestrator.brain.offline.phrasing import TRANSLATED
from orchestrator.brain.offline.slots import Slots


def test_what_was_learned_is_of_these_messages() -> None:
    assert Learned.load().learned_from == digest_of(labelled_messages()), "the messages were changed: make intents"


def test_every_label_has_messages_in_every_language_and_none_comes_twice() -> None:
    messages = labelled_messages()
    counts = Counter((one.label, one.language) for one in messages)
    labels = set(Learned.load().labels)
    assert {label for label, _ in counts} == labels
    assert set(NEEDED) < labels
    for label in labels:
        assert counts[label, ENGLISH] >= 40
        assert min(counts[label, language] for language in TRANSLATED) >= 5
    twice = [text for text, times in Counter((one.language, one.text.lower()) for one in messages).items() if times > 1]
    assert twice == []
    both = {one.text.lower() for one in messages} & {one.text.lower() for one in asked_questions()}
    assert {one.label for one in messages if one.text.lower() in both} <= {"knowledge"}


@pytest.mark.parametrize(
    ("likely", "order_id", "hint", "label"),
    [
        ({"refund_request": 0.6, "knowledge": 0.4}, "1234", None, "refund_request"),
        ({"refund_request": 0.6, "knowledge": 0.4}, None, None, "knowledge"),
        ({"refund_request": 0.6, "knowledge": 0.4}, None, "refund_request", "refund_request"),
        ({"refund_request": 0.6, "knowledge": 0.4}, None, "order_status", "knowledge"),
        ({"order_content": 0.5, "order_status": 0.3}, "1234", "order_status", "order_status"),
        ({"order_content": 0.6, "order_status": 0.2}, "1234", "order_status", "order_content"),
        ({"order_change": 0.5, "refund_request": 0.4}, "1234", "refund_request", "order_change"),
        ({"human": 0.35, "knowledge": 0.3, "thanks": 0.35}, None, None, "knowledge"),
        ({"greeting": 0.35, "knowledge": 0.3}, None, None, "greeting"),
        ({"thanks": 0.45, "knowledge": 0.3}, None, None, "knowledge"),
        ({"thanks": 0.55, "knowledge": 0.3}, None, None, "thanks"),
        ({"thanks": 0.2, "greeting": 0.15, "knowledge": 0.1}, None, None, "knowledge"),
    ],
)
def test_what_leads_to_more_than_a_page_has_to_be_likely_enough(
    likely: dict[str, float], order_id: str | None, hint: str | None, label: str
) -> None:
    assert chosen(likely, Slots(order_id=order_id), hint).label == label
