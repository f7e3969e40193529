"""Where a channel shows nothing but answers, the first one begins with who gives it; it is no part of the answer."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from contracts.turn import ChunkEvent, EndEvent, FinalMessage, SupportedSentence
from orchestrator.effects.telling import _events as events_of
from orchestrator.guard.vault import Vault
from orchestrator.journal.store import end_event
from orchestrator.turn.effects import CheckGuardrails, Finish
from orchestrator.turn.inputs import Guarded, HandedOff, PlanMade, TurnInput, TurnStarted
from orchestrator.turn.machine import Step, fold

#: As much of a turn's scope as its end looks at: nothing in it is masked.
SCOPE = cast(Any, SimpleNamespace(turn_id="trn_1", vault=Vault(b"k" * 32, cast(Any, None))))
TOLD = "You are chatting with an AI assistant."
ANSWER = "Within 30 days."
SUPPORT = (SupportedSentence(start=0, end=len(ANSWER), chunk_id="c", quote="30 days"),)


def after(*inputs: TurnInput, wants_human: bool = False) -> Step:
    started = TurnStarted(
        text="How long?", customer=True, channel="email", disclosure=TOLD, wants_human=wants_human
    )  # fmt: skip
    return fold((one, 0) for one in (started, *inputs))


def ended(*inputs: TurnInput, wants_human: bool = False) -> tuple[EndEvent, list[object], Finish]:
    step = after(*inputs, wants_human=wants_human)
    finish = step.effects[-1]
    assert isinstance(finish, Finish)
    return end_event(step.state, finish), list(events_of(SCOPE, finish, step.state)), finish


@pytest.mark.parametrize("streamed", [False, True])
def test_the_first_answer_is_told_behind_it_and_its_sources_point_to_the_same_words(streamed: bool) -> None:
    plan = PlanMade(message=FinalMessage(text=ANSWER), streamed=streamed)
    end, events, finish = ended(plan, Guarded(verdict="pass", text=ANSWER, support=SUPPORT))
    assert end.text == f"{TOLD}\n\n{ANSWER}"
    assert [end.text[one.start : one.end] for one in end.support] == [ANSWER]
    assert events[0] == ChunkEvent(text=end.text, offset=0)
    assert finish.text == ANSWER, "what is kept of the turn is the answer alone"


def test_the_guards_never_see_it() -> None:
    checked = after(PlanMade(message=FinalMessage(text=ANSWER))).effects[-1]
    assert checked == CheckGuardrails(ANSWER, ())


def test_a_hand_over_as_the_first_answer_says_it_too() -> None:
    end, _, _ = ended(HandedOff(ticket_number="HP-1", text="A person answers."), wants_human=True)
    assert end.text == f"{TOLD}\n\nA person answers."
