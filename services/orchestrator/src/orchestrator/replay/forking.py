"""A recorded turn, run again with something changed, without I/O.

The same question gets the answer that was recorded for it; what people said comes in the order in which they said it. A
question that nobody asked then ends the fork there, unless a `Mind` answers it: what the world would have answered is
not known, and not guessed.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestrator.replay.recording import Recording
from orchestrator.replay.tape import Entry, Tape
from orchestrator.turn.effects import AskApproval, AskingEffect, Effect, Finish
from orchestrator.turn.inputs import TurnInput
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import Step, reduce
from orchestrator.turn.state import TurnState

#: What an input is under other rules: the same, or another one. Given with the state that it comes into, and the
#: effect that it answers (None: it came from outside).
Change = Callable[[TurnInput, TurnState, AskingEffect | None], TurnInput]
#: What an effect brings in this fork, whatever was recorded for it; None: as it was.
Instead = Callable[[AskingEffect], TurnInput | None]


@dataclass(frozen=True, slots=True)
class Open:
    """Something that is asked in a fork, and was never answered. `at_ms` is the fork's time (epoch milliseconds)."""

    effect: AskingEffect
    state: TurnState
    at_ms: int


class Mind(Protocol):
    """What can be thought anew, without asking the world."""

    async def answer(self, one: Open) -> TurnInput | None:
        """The answer; None when only the world has it."""
        ...


@dataclass(frozen=True, slots=True)
class Course:
    """How a turn went: each input with its step, and where it stands then. `open`: what it would have asked for that
    was not recorded.
    """

    steps: tuple[tuple[Recorded, Step], ...]
    state: TurnState
    open: AskingEffect | None = None

    @property
    def finish(self) -> Finish | None:
        """Its end; None when it waits, or went beyond what was recorded."""
        return next((one for one in self.effects if isinstance(one, Finish)), None)

    @property
    def effects(self) -> tuple[Effect, ...]:
        """All that it decided."""
        return tuple(effect for _, step in self.steps for effect in step.effects)


def recorded_course(recording: Recording) -> Course:
    """How it really went."""
    return fork(recording, ())


def fork(recording: Recording, changes: Sequence[Change]) -> Course:
    """How it would have gone with these changes."""
    running = _running(Tape(recording), changes, ())
    try:
        while True:
            next(running)
    except StopIteration as over:
        return _course(over)


async def fork_with(
    recording: Recording, mind: Mind, *, changes: Sequence[Change] = (), instead: Sequence[Instead] = (),
    anew: bool = False,
) -> Course:  # fmt: skip
    """The same with a mind for what was not recorded. `anew`: it is asked for all that a Brain was asked for."""
    running, answer = _running(Tape(recording, anew=anew), changes, instead), None
    try:
        while True:
            answer = await mind.answer(running.send(answer))
    except StopIteration as over:
        return _course(over)


def _running(
    tape: Tape, changes: Sequence[Change], instead: Sequence[Instead]
) -> Generator[Open, TurnInput | None, Course]:
    """Gives what is open, and takes its answer; None ends the fork there."""
    step, taken, now_ms = Step(TurnState()), list[tuple[Recorded, Step]](), 0
    while not step.state.ended:
        asked = step.asking
        found = tape.take(asked, step.state)
        now_ms += tape.left_out_ms if found is None else found.took_ms
        turn_input = _told(asked, found, instead)
        if turn_input is None and asked is not None:
            turn_input = yield Open(asked, step.state, now_ms)
        if turn_input is None:
            return Course(tuple(taken), step.state, asked)
        answered = None if found is not None and found.question is None else asked
        for change in changes:
            turn_input = change(turn_input, step.state, answered)
        following = reduce(step.state, turn_input, now_ms)
        taken.append((Recorded(turn_input, now_ms), following))
        step = step.then(following)
    return Course(tuple(taken), step.state)


def _told(asked: AskingEffect | None, found: Entry | None, instead: Sequence[Instead]) -> TurnInput | None:
    if asked is not None and (found is None or found.question is not None):
        for other in instead:
            if (told := other(asked)) is not None:
                return told
    return None if found is None else found.turn_input


def _course(over: StopIteration) -> Course:
    course: Course = over.value
    return course


def approvals_asked(course: Course) -> int:
    """How many of staff had to approve; 0 when none. A registered write has the number before they are asked."""
    asked = [effect.approvals for effect in course.effects if isinstance(effect, AskApproval)]
    registered = course.state.registered
    return max([*asked, registered.needed if registered is not None else 0])
