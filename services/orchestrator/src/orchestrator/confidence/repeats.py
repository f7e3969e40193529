"""Loops: the same question, refusal or tool call, again and again. Counted since a person last answered."""

import re
from collections.abc import Sequence, Set

from contracts.turn import Role
from orchestrator.brain.port import Message

_WORD = re.compile(r"\w+(?:['’]\w+)*")


def times_asked(question: str, history: Sequence[Message], *, fewest_words: int) -> int:
    """How often the question was asked, now included; 1 for one that is too short to be a question.

    Case, punctuation and spacing do not count.
    """
    asked = _plain(question)
    if len(asked.split()) < fewest_words:
        return 1
    return 1 + sum(_plain(one.text) == asked for one in _since_a_person(history) if one.role is Role.CUSTOMER)


def times_told(answer: str, history: Sequence[Message]) -> int:
    """How often the answer was given, now included."""
    told = _plain(answer)
    return 1 + sum(_plain(one.text) == told for one in _since_a_person(history) if one.role is Role.ASSISTANT)


def turns_called(call: str, earlier: Sequence[Set[str]], *, among: int) -> int:
    """In how many of the last `among` turns the call is made, this one included. `earlier` are the calls of the turns
    since a person last answered, oldest first.
    """
    return 1 + sum(call in one for one in earlier[1 - among :])


def _since_a_person(history: Sequence[Message]) -> Sequence[Message]:
    last = max((place for place, one in enumerate(history) if one.role is Role.STAFF), default=-1)
    return history[last + 1 :]


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
