"""A recorded turn decides as it did; what was changed since is named; nothing is asked of the world."""

import itertools
import socket
from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import ErrorClass
from contracts.turn import FinalMessage, Usage
from orchestrator.replay.identical import replay
from orchestrator.replay.recording import Damage, Recording
from orchestrator.replay.words import step_words
from orchestrator.turn.effects import (
    AskingEffect,
    CallPlanner,
    CallTool,
    CheckGuardrails,
    HandOff,
    PreviewEffect,
    SayPhrase,
)
from orchestrator.turn.inputs import (
    ConfirmationDecided,
    Drafted,
    EffectPreviewed,
    Guarded,
    HandedOff,
    PlanMade,
    PlannedCall,
    RetryDue,
    ToolFailed,
    ToolSucceeded,
    TurnInput,
    TurnStarted,
)
from orchestrator.turn.journal import Recorded
from orchestrator.turn.loop import run_turn
from orchestrator.turn.state import TurnState

from .conftest import Journal

DIGEST = "d" * 64
WRITE = PlannedCall(
    tool="create_ticket", arguments={"subject": "Tent", "urgency": 2}, args_hash="1", label="Ticket", write=True,
    needs_confirmation=True,
)  # fmt: skip
STARTED = TurnStarted(text="Open a ticket", customer=True, requester="cust_ada", channel="web")


class World:
    """Answers as told; a write may go unanswered once."""

    def __init__(self, *, unsure: bool = False) -> None:
        self.unsure = unsure

    def is_local(self, effect: AskingEffect) -> bool:
        return isinstance(effect, CheckGuardrails | SayPhrase)

    async def ask(self, effect: AskingEffect, state: TurnState) -> TurnInput:
        used = Usage(tokens_in=10, tokens_out=5, cost_micros=7)
        match effect:
            case CallPlanner() if not state.observed:
                return PlanMade(call=WRITE, usage=used, model="small")
            case CallPlanner():
                return PlanMade(message=FinalMessage(text="Done."), usage=used, model="small")
            case PreviewEffect():
                return EffectPreviewed(summary="Opens a ticket", digest=DIGEST, expires_at_ms=99_000)
            case CallTool() if self.unsure:
                self.unsure = False
                return ToolFailed(error_class=ErrorClass.TIMEOUT, code="deadline_exceeded", ms=1.5)
            case CallTool():
                return ToolSucceeded(output={"number": "HP-1"}, ms=1.25)
            case CheckGuardrails():
                return Guarded(verdict="pass", text=effect.text)
            case SayPhrase():
                return Drafted(text="Then I leave it.", model="phrases")
            case HandOff():
                return HandedOff(ticket_number="HP-2", text="A person will answer.")
            case _:
                raise AssertionError(effect)

    async def tell(self, *_: Any) -> None:
        """Nobody listens."""


async def recorded(*, yes: bool = True, unsure: bool = False, decided: bool = True) -> Recording:
    """A turn with a write that was confirmed or not, as the loop records it."""
    journal, world, clock = Journal(), World(unsure=unsure), itertools.count(2)
    journal.add(Recorded(STARTED, 1))
    await run_turn(journal, world, lambda: next(clock))
    if decided:
        journal.add(Recorded(ConfirmationDecided(digest=DIGEST, confirmed=yes), next(clock)))
        state = await run_turn(journal, world, lambda: next(clock))
        if state.waiting:
            journal.add(Recorded(RetryDue(), next(clock)))
            await run_turn(journal, world, lambda: next(clock))
    return journal.recording()


def doctored(recording: Recording, number: int, **changes: Any) -> Recording:
    """The same with other fields in one entry."""
    inputs = list(recording.inputs)
    old = inputs[number - 1]
    inputs[number - 1] = replace(old, turn_input=old.turn_input.model_copy(update=changes))
    return replace(recording, inputs=tuple(inputs))


@pytest.mark.parametrize("how", [{}, {"yes": False}, {"unsure": True}, {"decided": False}])
async def test_a_recorded_turn_is_identical_and_every_answer_is_proven(how: dict[str, bool]) -> None:
    verdict = replay(await recorded(**how))
    assert verdict.difference is None
    assert verdict.unmarked == 0
    assert sum(one.proven for one in verdict.steps) >= 2


async def test_no_socket_and_no_file_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = await recorded()

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a replay touches nothing")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr("builtins.open", forbidden)
    verdict = replay(recording)
    monkeypatch.undo()
    assert verdict.identical


async def test_entries_from_before_there_were_marks_replay_and_are_counted() -> None:
    recording = await recorded()
    older = replace(recording, inputs=tuple(replace(one, mark="") for one in recording.inputs))
    verdict = replay(older)
    assert verdict.identical
    assert verdict.unmarked == 5


@pytest.mark.parametrize(
    ("number", "changes", "at", "why"),
    [
        (2, {"call": WRITE.model_copy(update={"arguments": {"subject": "Another"}})}, 3, "preview_effect"),
        (2, {"call": WRITE.model_copy(update={"needs_confirmation": False})}, 3, "decided call_tool"),
        (3, {"digest": "e" * 64}, 5, "the answer to call_tool"),
        (4, {"confirmed": False}, 5, "decided say_phrase"),
        (6, {"message": FinalMessage(text="Other words.")}, 7, "the answer to check_guardrails"),
        (7, {"text": "Other words."}, None, "another text"),
        (6, {"usage": Usage(tokens_in=11, tokens_out=5, cost_micros=7)}, None, "another usage"),
    ],
)
async def test_a_doctored_entry_is_found_at_the_first_step_that_differs(
    number: int, changes: dict[str, Any], at: int | None, why: str
) -> None:
    verdict = replay(doctored(await recorded(), number, **changes))
    assert verdict.difference is not None
    assert verdict.difference.entry == at
    assert why in verdict.difference.why


async def test_without_marks_an_answer_that_nobody_asked_for_is_named() -> None:
    recording = await recorded()
    bare = replace(recording, inputs=tuple(replace(one, mark="") for one in recording.inputs))
    verdict = replay(doctored(bare, 4, confirmed=False))
    assert verdict.difference is not None
    assert (verdict.difference.entry, verdict.difference.why) == (
        5, "tool_succeeded does not answer say_phrase, which the replayed turn decided",
    )  # fmt: skip


async def test_a_missing_end_a_changed_record_and_a_changed_card_are_named() -> None:
    recording = await recorded()
    whys = [
        replay(replace(recording, end=None)),
        replay(replace(recording, row=replace(recording.row, outcome="refused"))),
        replay(replace(recording, cards=(replace(recording.cards[0], summary="Opens two tickets"),))),
        replay(replace(recording, cards=())),
        replay(replace(recording, inputs=recording.inputs[:-1])),
        replay(replace(recording, status="waiting")),
        replay(replace(recording, damage=Damage(9, "it is missing"))),
    ]  # fmt: skip
    assert [one.difference.why if one.difference else "" for one in whys] == [
        "what its customer was told at the end is not there",
        "its record says outcome refused; replayed, it is answered",
        "the confirmation that was shown says something else",
        "a confirmation was asked for that was not recorded",
        "it was recorded as ended; replayed, it goes on",
        "it was recorded as waiting; replayed, it ended",
        "it is missing",
    ]


async def test_each_step_is_said_in_words() -> None:
    verdict = replay(await recorded())
    words = [step_words(one, 1) for one in verdict.steps]
    assert [one.state for one in words] == [
        "plan", "preview", "wait_confirmation", "execute_tool", "plan", "guardrail", "end",
    ]  # fmt: skip
    assert words[0].came == "the customer wrote: Open a ticket"
    assert words[1].cost_micros == 7
    assert words[2].decided == ("ask the customer: Opens a ticket",)
    assert words[3].decided == ('call create_ticket {"subject": "Tent", "urgency": 2}',)
    assert words[6].decided == ("end as answered: Done.",)


class SwitchedOff(World):
    """What the customer has confirmed is switched off when it is to run."""

    async def ask(self, effect: AskingEffect, state: TurnState) -> TurnInput:
        if isinstance(effect, CallTool):
            return ToolFailed(error_class=ErrorClass.TRANSIENT, code="tool_switched_off", ms=0.0, attempts=0)
        return await super().ask(effect, state)


@pytest.mark.parametrize("mode", ["on", "shadow", "off"])
async def test_what_switches_decided_is_decided_again_however_they_stand_now(mode: str) -> None:
    journal = Journal()
    journal.add(Recorded(STARTED.model_copy(update={"mode": mode}), 1_000))
    times = itertools.count(1_010, 10)
    state = await run_turn(journal, SwitchedOff(), lambda: next(times))
    if state.waiting:
        journal.add(Recorded(ConfirmationDecided(digest=DIGEST, confirmed=True), next(times)))
        state = await run_turn(journal, SwitchedOff(), lambda: next(times))
    assert state.ended
    assert replay(journal.recording()).identical
    other = {"on": "shadow", "shadow": "off", "off": "on"}[mode]
    changed = journal.recording()
    first = Recorded(STARTED.model_copy(update={"mode": other}), 1_000, changed.inputs[0].mark)
    assert not replay(replace(changed, inputs=(first, *changed.inputs[1:]))).identical
