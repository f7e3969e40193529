"""A recorded turn, run again with something changed, without I/O.

The same question gets the answer that was recorded for it; what people said comes in the order in which they said it. A
question that nobody asked then ends the fork there: what the world would have answered is not known, and not guessed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from contracts.schema import canonical_json
from orchestrator.replay.answering import ANSWERS
from orchestrator.replay.recording import Recording
from orchestrator.replay.words import wanted
from orchestrator.turn.decided import plain_of
from orchestrator.turn.effects import (
    AskApproval,
    AskingEffect,
    CallPlanner,
    CallTool,
    CheckGuardrails,
    Draft,
    Effect,
    Finish,
    HandOff,
    PreviewEffect,
    SayPhrase,
)
from orchestrator.turn.inputs import MessageAdded, StaffTookOver, StopAsked, TurnInput
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import Step, reduce
from orchestrator.turn.state import Observed, Phase, TurnState

#: What an input is under other rules: the same, or another one. Given with the state that it comes into, and the
#: effect that it answers (None: it came from outside).
Change = Callable[[TurnInput, TurnState, AskingEffect | None], TurnInput]
#: These come while something is asked; everything else from outside ends a wait.
_ANY_TIME = (MessageAdded, StaffTookOver, StopAsked)


@dataclass(frozen=True, slots=True)
class Course:
    """How a turn went: each input with its step, and where it stands then. `unknown`: what it would have asked for that
    was not recorded.
    """

    steps: tuple[tuple[Recorded, Step], ...]
    state: TurnState
    unknown: str = ""

    @property
    def finish(self) -> Finish | None:
        """Its end; None when it waits, or went beyond what was recorded."""
        return next((one for one in self.effects if isinstance(one, Finish)), None)

    @property
    def effects(self) -> tuple[Effect, ...]:
        """All that it decided."""
        return tuple(effect for _, step in self.steps for effect in step.effects)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A recorded answer, by what it was asked for. Without a question it came from outside."""

    question: bytes | None
    recorded: Recorded


def recorded_course(recording: Recording) -> Course:
    """How it really went."""
    return fork(recording, ())


def fork(recording: Recording, changes: Sequence[Change]) -> Course:
    """How it would have gone with these changes."""
    tape, place = _tape(recording), 0
    step, taken = Step(TurnState()), list[tuple[Recorded, Step]]()
    while not step.state.ended:
        asked = step.asking
        found = _next(tape, place, asked, step.state)
        if found is None:
            return Course(tuple(taken), step.state, "" if asked is None else wanted(asked))
        place, one = found + 1, tape[found]
        answered = None if one.question is None else asked
        turn_input = one.recorded.turn_input
        for change in changes:
            turn_input = change(turn_input, step.state, answered)
        following = reduce(step.state, turn_input, one.recorded.at_ms)
        taken.append((Recorded(turn_input, one.recorded.at_ms), following))
        step = step.then(following)
    return Course(tuple(taken), step.state)


def _tape(recording: Recording) -> list[_Answer]:
    tape, step = list[_Answer](), Step(TurnState())
    for one in recording.inputs:
        called_back = step.state.phase is Phase.WAIT_CALLBACK
        asked = step.asking if isinstance(one.turn_input, ANSWERS) and not called_back else None
        tape.append(_Answer(None if asked is None else _question(asked, step.state), one))
        step = step.then(reduce(step.state, one.turn_input, one.at_ms))
    return tape


def _next(tape: Sequence[_Answer], place: int, asked: AskingEffect | None, state: TurnState) -> int | None:
    """Where the tape goes on: with the answer to what is asked, or with what came from outside."""
    wanted_answer = None if asked is None else _question(asked, state)
    for number in range(place, len(tape)):
        one = tape[number]
        if one.question is None and (asked is None or isinstance(one.recorded.turn_input, _ANY_TIME)):
            return number
        if wanted_answer is not None and one.question == wanted_answer:
            return number
    return None


def _question(asked: AskingEffect, state: TurnState) -> bytes:
    """All that the answer to an effect depends on, as far as a turn knows it."""
    match asked:
        case CallPlanner() | Draft() | SayPhrase():
            told = [plain_of(asked), state.text, [_known(one) for one in state.observed]]
        case CallTool() | PreviewEffect():
            told = [asked.call.tool, asked.call.arguments]
        case CheckGuardrails() | HandOff():
            told = [plain_of(asked)]
        case _:
            assert_never(asked)
    return canonical_json([type(asked).__name__, *told])


def _known(one: Observed) -> object:
    """An observation without its times, which do not reach the Brain, and without how many colleagues agreed: that they
    had to is what an answer tells.
    """
    output = one.output
    if output is not None and isinstance(needed := output.get("approvals_needed"), int):
        output = {**output, "approvals_needed": min(1, needed)}
    return [plain_of(one.call), output, one.error_code]


def approvals_asked(course: Course) -> int:
    """How many of staff had to approve; 0 when none. A registered write has the number before they are asked."""
    asked = [effect.approvals for effect in course.effects if isinstance(effect, AskApproval)]
    registered = course.state.registered
    return max([*asked, registered.needed if registered is not None else 0])
