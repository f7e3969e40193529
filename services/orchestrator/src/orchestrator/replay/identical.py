"""Proves that a recorded turn decides as it did: every step the same effects, the same cards, the same end.

What each answer was given to is known from the mark that the journal keeps beside it (`turn/decided.py`). An entry from
before there were marks proves less: that somebody asked for what it answers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from contracts.turn import EndEvent
from orchestrator.journal.cards import Card, card_of
from orchestrator.journal.store import end_event
from orchestrator.replay.answering import ANSWERS, BRINGS
from orchestrator.replay.recording import Recording
from orchestrator.turn.decided import mark_of, name_of
from orchestrator.turn.effects import AskApproval, AskConfirmation, Effect, Finish
from orchestrator.turn.inputs import ToolFailed, ToolSucceeded, TurnInput
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import Step, reduce
from orchestrator.turn.state import Phase, TurnState

#: A tool that answers later is waited for: its answer comes from outside.
_CALLED_BACK = (ToolSucceeded, ToolFailed)


@dataclass(frozen=True, slots=True)
class Replayed:
    """One entry and what followed from it. `proven`: the journal has a mark of what it answers, and it fits."""

    number: int
    recorded: Recorded
    before: TurnState
    step: Step
    proven: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that is not as it was recorded. `entry` is the number in the turn, None for the end."""

    entry: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The steps, up to the first difference. `unmarked` answers are from before there were marks."""

    steps: tuple[Replayed, ...]
    difference: Difference | None = None
    unmarked: int = 0

    @property
    def identical(self) -> bool:
        """Whether nothing is different."""
        return self.difference is None


@dataclass(slots=True)
class _Fold:
    """The fold, with all that it asked people for and how it ended."""

    step: Step = field(default_factory=lambda: Step(TurnState()))
    cards: list[AskConfirmation | AskApproval] = field(default_factory=list)
    finish: tuple[TurnState, Finish] | None = None

    def take(self, one: Recorded) -> Step:
        """The step of this input alone; what stays to be done is in `step`."""
        following = reduce(self.step.state, one.turn_input, one.at_ms)
        self.step = self.step.then(following)
        for effect in following.effects:
            if isinstance(effect, AskConfirmation | AskApproval):
                self.cards.append(effect)
            elif isinstance(effect, Finish):
                self.finish = following.state, effect
        return following


def replay(recording: Recording) -> Verdict:
    """Folds the recorded inputs anew and compares with what was recorded."""
    fold, steps, unmarked = _Fold(), list[Replayed](), 0
    for number, one in enumerate(recording.inputs, 1):
        if (why := _odd_answer(fold.step, one)) is not None:
            return Verdict(tuple(steps), Difference(number, why), unmarked)
        before = fold.step.state
        proven = bool(one.mark)
        unmarked += isinstance(one.turn_input, ANSWERS) and not proven and before.phase is not Phase.WAIT_CALLBACK
        steps.append(Replayed(number, one, before, fold.take(one), proven))
    if recording.damage is not None:
        return Verdict(tuple(steps), Difference(recording.damage.entry, recording.damage.why), unmarked)
    why = next(_odd_end(recording, fold), None)
    return Verdict(tuple(steps), None if why is None else Difference(None, why), unmarked)


def _odd_answer(pending: Step, one: Recorded) -> str | None:
    """Why this input cannot follow; None when it can."""
    asked = pending.asking
    if one.mark and one.mark != (decided := mark_of(pending.state.phase, pending.effects)):
        return f"it was recorded as the answer to {_named(one.mark)}; replayed, the turn decided {_named(decided)}"
    if not isinstance(one.turn_input, ANSWERS) or pending.state.ended:
        return None
    if pending.state.phase is Phase.WAIT_CALLBACK and isinstance(one.turn_input, _CALLED_BACK):
        return None
    if asked is None:
        return f"{one.turn_input.kind} is an answer, and the replayed turn asked for nothing"
    if not _answers(asked, one.turn_input):
        return f"{one.turn_input.kind} does not answer {name_of(asked)}, which the replayed turn decided"
    return None


def _answers(asked: Effect, turn_input: TurnInput) -> bool:
    return isinstance(turn_input, BRINGS[type(asked)])


def _named(mark: str) -> str:
    name, _, digest = mark.partition(":")
    return f"{name} ({digest})"


def _odd_end(recording: Recording, fold: _Fold) -> Iterator[str]:
    """What is not the same behind the last entry."""
    yield from _odd_cards(recording, fold.cards)
    if fold.finish is None:
        if recording.status == "ended":
            yield "it was recorded as ended; replayed, it goes on"
        return
    if recording.status != "ended":
        yield f"it was recorded as {recording.status}; replayed, it ended"
        return
    state, finish = fold.finish
    told = end_event(state, finish)
    if recording.end is None:
        yield "what its customer was told at the end is not there"
    else:
        yield from _odd_event(recording.end, told)
    row = recording.row
    recorded = (row.outcome, row.model, row.tokens_in, row.tokens_out, row.cost_micros)
    usage = state.usage
    replayed = (finish.outcome.value, state.model, usage.tokens_in, usage.tokens_out, usage.cost_micros)
    names = ("outcome", "model", "tokens in", "tokens out", "cost")
    for name, was, now in zip(names, recorded, replayed, strict=True):
        if was != now:
            yield f"its record says {name} {was}; replayed, it is {now}"


def _odd_event(was: EndEvent, now: EndEvent) -> Iterator[str]:
    for name in EndEvent.model_fields:
        if getattr(was, name) != getattr(now, name):
            yield f"the end that was told has another {name}"


def _odd_cards(recording: Recording, asked: Sequence[AskConfirmation | AskApproval]) -> Iterator[str]:
    # Of one that was asked for again after a pause, the first was kept.
    made = {_place(card): card for card in (card_of(recording.turn_id, one) for one in reversed(asked))}
    kept = {_place(card): card for card in recording.cards}
    for place in sorted(made.keys() | kept.keys()):
        if place not in kept:
            yield f"a {place[0]} was asked for that was not recorded"
        elif place not in made:
            yield f"a {place[0]} was recorded that the replayed turn does not ask for"
        elif made[place] != kept[place]:
            yield f"the {place[0]} that was shown says something else"


def _place(card: Card) -> tuple[str, str]:
    return card.kind, card.digest
