"""Where a turn stands. Everything that affects a transition lives here; it is the fold of the turn's inputs."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from contracts.errors import ErrorClass
from contracts.tools.tickets import HandoffReason
from contracts.turn import Answering, Citation, Outcome, Usage
from orchestrator.turn.budgets import Budgets
from orchestrator.turn.confidence import Confidence
from orchestrator.turn.inputs import EffectPreviewed, FollowUp, PlannedCall


class Phase(StrEnum):
    """The states of TURN-1; OBSERVE and RESPOND are passed through within one step."""

    RECEIVE = "receive"
    PLAN = "plan"
    EXECUTE_TOOL = "execute_tool"
    PREVIEW = "preview"
    WAIT_CONFIRMATION = "wait_confirmation"
    WAIT_APPROVAL = "wait_approval"
    WAIT_OUTCOME = "wait_outcome"
    WAIT_CALLBACK = "wait_callback"
    DRAFT = "draft"
    GUARDRAIL = "guardrail"
    HAND_OFF = "hand_off"
    END = "end"


WAITING = frozenset({Phase.WAIT_CONFIRMATION, Phase.WAIT_APPROVAL, Phase.WAIT_OUTCOME, Phase.WAIT_CALLBACK})


@dataclass(frozen=True, slots=True)
class Observed:
    """A call and what came of it: an output, or the class and code of the failure."""

    call: PlannedCall
    output: dict[str, Any] | None = None
    error_class: ErrorClass | None = None
    error_code: str = ""
    ms: float = 0.0
    attempts: int = 1
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How a registered write ends without staff's yes: what its service is told, and what the customer hears."""

    phrase: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Registered:
    """A confirmed write that its service holds until staff have decided. `ref` is the argument that names it.

    `needed` distinct approvers must agree. With an `ending` the write is being closed instead.
    """

    ref: tuple[str, str]
    closed_by: FollowUp | None
    needed: int
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class TurnState:
    """The whole state of one turn. `resumed_ms` is when work (re)started: waits do not count.

    `tainted`: text of others has entered the turn, so no write is callable any more. `flags`: what the input guard held
    against the message; with any, nothing that moves money is offered.
    `unsure`: how often the write at hand was asked for without an answer that says what came of it. `self_check` is
    the model's own word on its answer, `repairs` what was mended in its replies, `judged` how sure the turn is.
    `traceparent` is the place of its message in a trace. `shadow`: what it would say is for staff alone. `tool_off`: a
    person gets what it is about, because a tool for that is switched off.
    """

    phase: Phase = Phase.RECEIVE
    inputs: int = 0
    text: str = ""
    customer: bool = False
    requester: str = ""
    channel: str = "web"
    answering: Answering = Answering.BOT
    flags: tuple[str, ...] = ()
    budgets: Budgets = field(default_factory=Budgets)
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    worked_before_ms: int = 0
    resumed_ms: int = 0
    observed: tuple[Observed, ...] = ()
    tainted: bool = False
    call: PlannedCall | None = None
    preview: EffectPreviewed | None = None
    confirmed: str | None = None
    approvers: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    registered: Registered | None = None
    unsure: int = 0
    degraded: bool = False
    rejected: int = 0
    answer_text: str = ""
    answer_citations: tuple[Citation, ...] = ()
    streamed: bool = False
    said: str = ""
    handoff_reason: HandoffReason | None = None
    disclosure: str = ""
    outcome: Outcome | None = None
    self_check: float = 1.0
    repairs: tuple[str, ...] = ()
    judged: Confidence | None = None
    traceparent: str = ""
    shadow: bool = False
    tool_off: bool = False

    @property
    def ended(self) -> bool:
        """Nothing more will happen in this turn."""
        return self.phase is Phase.END

    @property
    def waiting(self) -> bool:
        """The turn goes on only when a person decides, a tool calls back, or a timer runs out."""
        return self.phase in WAITING

    def worked_ms(self, now_ms: int) -> int:
        """Milliseconds of work so far, waits for people left out."""
        return self.worked_before_ms + max(0, now_ms - self.resumed_ms)
