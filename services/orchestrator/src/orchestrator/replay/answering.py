"""Which inputs answer which effects; all others come from people and timers."""

from collections.abc import Mapping

from orchestrator.turn.effects import (
    CallPlanner,
    CallTool,
    CheckGuardrails,
    Draft,
    Effect,
    HandOff,
    PreviewEffect,
    SayPhrase,
)
from orchestrator.turn.inputs import (
    Drafted,
    EffectPreviewed,
    Escalated,
    Guarded,
    HandedOff,
    HandOffQueued,
    PlanFailed,
    PlanMade,
    PlanRejected,
    ToolAccepted,
    ToolFailed,
    ToolSucceeded,
)

#: Which inputs an effect may bring.
BRINGS: Mapping[type[Effect], tuple[type, ...]] = {
    CallPlanner: (PlanMade, PlanRejected, PlanFailed, Escalated),
    Draft: (Drafted, PlanFailed),
    SayPhrase: (Drafted,),
    CallTool: (ToolSucceeded, ToolAccepted, ToolFailed),
    PreviewEffect: (EffectPreviewed, ToolFailed),
    CheckGuardrails: (Guarded,),
    HandOff: (HandedOff, HandOffQueued),
}
ANSWERS = tuple(dict.fromkeys(answer for answers in BRINGS.values() for answer in answers))
