"""Which of a customer's last messages is the question that staff answer."""

from collections.abc import Sequence

from orchestrator.gaps.policy import GapPolicy
from orchestrator.guard.human import needs_human

#: So many of the last messages are looked at: "I want a person", "Hello?" come behind the question.
LOOKED_AT = 3


def question_among(messages: Sequence[str], gaps: GapPolicy) -> int | None:
    """The place of the question among a customer's last messages, the newest first; None when none is one."""
    for place, text in enumerate(messages[:LOOKED_AT]):
        if gaps.says_something(text) and not needs_human(text):
            return place
    return None
