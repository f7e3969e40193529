"""The mark of a step: the same for the same decision, now and in later releases; another one for any other."""

from dataclasses import dataclass, replace

import pytest

from contracts.turn import StatusEvent
from orchestrator.turn.decided import mark_of, plain_of
from orchestrator.turn.effects import CallPlanner, CallTool, Effect, Emit, SayPhrase
from orchestrator.turn.inputs import PlannedCall
from orchestrator.turn.state import Phase

CALL = PlannedCall(tool="get_order", arguments={"order_id": "A1"}, args_hash="1", label="Order")
EFFECTS: tuple[Effect, ...] = (Emit(StatusEvent(state="plan", text="Reading")), CallTool(CALL))


class LaterCall(PlannedCall):
    """The same in a later release, which knows one thing more of it."""

    colour: str = "none"


@dataclass(frozen=True, slots=True)
class LaterTool(CallTool):
    """The same in a later release."""

    patience_s: float = 0.0


def test_the_mark_of_a_decision_never_changes() -> None:
    # It stands in journals: a release that makes another one of the same decision breaks their replay.
    assert mark_of(Phase.EXECUTE_TOOL, EFFECTS) == "call_tool:82afe0be7d149c2a"
    assert mark_of(Phase.PLAN, ()).startswith("nothing:")


def test_a_field_that_is_added_with_a_default_changes_nothing() -> None:
    later = LaterTool(LaterCall.model_validate(CALL.model_dump()))
    assert plain_of(later) == plain_of(CallTool(CALL))
    assert plain_of(replace(later, patience_s=1.0)) != plain_of(CallTool(CALL))


@pytest.mark.parametrize(
    ("phase", "effects"),
    [
        (Phase.PLAN, EFFECTS),
        (Phase.EXECUTE_TOOL, EFFECTS[1:]),
        (Phase.EXECUTE_TOOL, (EFFECTS[0], CallTool(CALL, digest="d"))),
        (Phase.EXECUTE_TOOL, (EFFECTS[0], CallTool(CALL.model_copy(update={"arguments": {"order_id": "A2"}})))),
        (Phase.EXECUTE_TOOL, (EFFECTS[0], SayPhrase("clarify"))),
        (Phase.EXECUTE_TOOL, (EFFECTS[0], CallPlanner())),
    ],
)
def test_another_decision_has_another_mark(phase: Phase, effects: tuple[Effect, ...]) -> None:
    assert mark_of(phase, effects) != mark_of(Phase.EXECUTE_TOOL, EFFECTS)
