"""What was recorded of a turn, as answers to questions: the same question gets the same answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from contracts.deprecation import in_first_names
from contracts.registry import AnyContract, find_contract
from contracts.schema import canonical_json
from orchestrator.replay.answering import ANSWERS
from orchestrator.replay.recording import Recording
from orchestrator.turn.decided import plain_of
from orchestrator.turn.effects import (
    AskingEffect,
    CallPlanner,
    CallTool,
    CheckGuardrails,
    Draft,
    HandOff,
    PreviewEffect,
    SayPhrase,
)
from orchestrator.turn.inputs import MessageAdded, PlannedCall, StaffTookOver, StopAsked, TurnInput
from orchestrator.turn.machine import Step, reduce
from orchestrator.turn.state import Observed, Phase, TurnState

#: These come while something is asked; everything else from outside ends a wait.
_ANY_TIME = (MessageAdded, StaffTookOver, StopAsked)
_OF_THE_BRAIN = (CallPlanner, Draft)


@dataclass(frozen=True, slots=True)
class Entry:
    """A recorded input. `asked` is the kind of effect that it answers, and `question` all that it was asked; both are
    None when it came from outside. `took_ms`: since the entry before it.
    """

    turn_input: TurnInput
    took_ms: int
    asked: type[AskingEffect] | None = None
    question: bytes | None = None


class Tape:
    """Plays a recorded turn. With `anew` the Brain's own answers are left out: another one is asked."""

    def __init__(self, recording: Recording, *, anew: bool = False) -> None:
        self._entries = tuple(_entries(recording))
        self._anew = anew
        self._place = 0
        #: How long the answer took that was left out last.
        self.left_out_ms = 0

    def take(self, asked: AskingEffect | None, state: TurnState) -> Entry | None:
        """The answer to what is asked, or what came from outside; None: nobody has recorded any."""
        question = None if asked is None else _question(asked, state)
        brains = self._anew and isinstance(asked, _OF_THE_BRAIN)
        self.left_out_ms = 0
        for number in range(self._place, len(self._entries)):
            one = self._entries[number]
            if brains and one.asked in _OF_THE_BRAIN:
                self._place, self.left_out_ms = number + 1, one.took_ms
                return None
            from_outside = one.question is None and (asked is None or isinstance(one.turn_input, _ANY_TIME))
            if from_outside or (question is not None and one.question == question and not brains):
                self._place = number + 1
                return one
        return self._read_before(asked, question)

    def _read_before(self, asked: AskingEffect | None, question: bytes | None) -> Entry | None:
        """Reads may come in another order than they did."""
        if not isinstance(asked, CallTool) or asked.call.write:
            return None
        return next((one for one in self._entries if one.question == question), None)


def _entries(recording: Recording) -> Sequence[Entry]:
    entries, step, before_ms = list[Entry](), Step(TurnState()), 0
    for one in recording.inputs:
        called_back = step.state.phase is Phase.WAIT_CALLBACK
        asked = step.asking if isinstance(one.turn_input, ANSWERS) and not called_back else None
        took_ms, before_ms = one.at_ms - before_ms, one.at_ms
        if asked is None:
            entries.append(Entry(one.turn_input, took_ms))
        else:
            entries.append(Entry(one.turn_input, took_ms, type(asked), _question(asked, step.state)))
        step = step.then(reduce(step.state, one.turn_input, one.at_ms))
    return entries


def _question(asked: AskingEffect, state: TurnState) -> bytes:
    """All that the answer to an effect depends on, as far as a turn knows it."""
    match asked:
        case CallPlanner() | Draft() | SayPhrase():
            told = [plain_of(asked), state.text, [_known(one) for one in state.observed]]
        case CallTool() | PreviewEffect():
            told = [asked.call.tool, _arguments(asked.call)]
        case CheckGuardrails():
            told = [plain_of(asked), [_known(one) for one in state.observed]]
        case HandOff():
            told = [plain_of(asked)]
        case _:
            assert_never(asked)
    return canonical_json([type(asked).__name__, *told])


def _arguments(call: PlannedCall) -> dict[str, Any]:
    contract = find_contract(call.tool)
    return call.arguments if contract is None else in_any_release(contract, call.arguments)


def in_any_release(contract: AnyContract, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Recorded arguments under the names that they had first, without what has its default: the same for every release
    of the contract.
    """
    fields = contract.input.model_fields
    said = {
        name: value for name, value in arguments.items()
        if name not in fields or fields[name].is_required() or value != fields[name].default
    }  # fmt: skip
    return in_first_names(contract.deprecations, said)


def _known(one: Observed) -> object:
    """An observation without its times, which do not reach the Brain, and without how many colleagues agreed: that they
    had to is what an answer tells.
    """
    output = one.output
    if output is not None and isinstance(needed := output.get("approvals_needed"), int):
        output = {**output, "approvals_needed": min(1, needed)}
    return [plain_of(one.call), output, one.error_code]
