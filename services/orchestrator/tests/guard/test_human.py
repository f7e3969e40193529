"""A plain request for a person is recognised without a model; other messages are left alone."""

import pytest

from orchestrator.guard.human import asks_for_human


@pytest.mark.parametrize(
    "text",
    [
        "I want to talk to a person", "Can I speak to a human please?", "agent", "Human, please!", "real person",
        "connect me to an agent", "I need a human", "let me speak with someone", "get me a representative",
        "Could you put me through to a real person?", "chat with a live agent",
    ],
)  # fmt: skip
def test_asking_for_a_person(text: str) -> None:
    assert asks_for_human(text)


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order ABC123?", "Is this jacket for one person?", "The delivery person was rude",
        "a 4 person tent",
        "I want to return the agent orange shirt",
        "who is the operator of this shop, legally, and where are you based?",
        "I talk to my plants", "Do you have human-sized sleeping bags?",
    ],
)  # fmt: skip
def test_not_asking_for_a_person(text: str) -> None:
    assert not asks_for_human(text)
