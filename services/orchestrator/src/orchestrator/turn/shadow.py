"""Shadow mode: the turn reads and drafts, moves nothing, and what it would say goes to staff, never to the customer.

The draft is in the journal, in the guards' verdict; the customer is told that a person will answer, once.
"""

from dataclasses import replace

from contracts.tools.tickets import HandoffReason
from contracts.turn import Answering, Outcome
from orchestrator.turn import steps
from orchestrator.turn.effects import HandOff
from orchestrator.turn.state import TurnState
from orchestrator.turn.steps import Step


def drafted(state: TurnState) -> Step:
    """The draft is done, or would change something: a person goes on."""
    return steps.hand_off(state, HandoffReason.POLICY)


def with_staff(state: TurnState) -> Step:
    """A person answers by now: the draft is for them, and the customer hears nothing."""
    return steps.end(state, Outcome.WITH_STAFF, "", answering=Answering.STAFF)


def kept_in(step: Step) -> Step:
    """A step of a turn in shadow mode. Whatever it hands over for, a person answers from then on: nothing that the bot
    still knows or promises is told besides.
    """
    state, asked = step.state, step.asking
    if not isinstance(asked, HandOff):
        return step
    if state.answering is Answering.STAFF:
        return with_staff(state)
    if state.tool_off or asked.reason is HandoffReason.TOOL_FAILURE:
        return drafted(replace(state, tool_off=False))
    return step
