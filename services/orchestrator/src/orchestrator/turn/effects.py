"""What a turn wants done. An *asking* effect brings back one input; a *telling* effect brings back none."""

from dataclasses import dataclass

from contracts.tools.tickets import HandoffReason
from contracts.turn import Answering, Citation, Mark, Outcome, Refusal, StatusEvent, SupportedSentence, ToolEvent
from orchestrator.turn.inputs import EffectPreviewed, PlannedCall


@dataclass(frozen=True, slots=True)
class CallPlanner:
    """Ask the Brain what to do next. `may_call` offers tools, `may_write` also those that change something; `degraded`
    uses the offline Brain.
    """

    may_call: bool = True
    may_write: bool = True
    degraded: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """Ask the stronger writer model for the answer, from what was observed."""


@dataclass(frozen=True, slots=True)
class SayPhrase:
    """Answer with a phrase of ours, from the policy files: no model is asked."""

    key: str


@dataclass(frozen=True, slots=True)
class CallTool:
    """Run a checked call. `digest` names the confirmed effect of a write, `approvers` are who approved it, `addresses`
    fingerprints of their mail addresses.
    """

    call: PlannedCall
    digest: str | None = None
    approvers: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreviewEffect:
    """Ask the service what a write would do."""

    call: PlannedCall


@dataclass(frozen=True, slots=True)
class CheckGuardrails:
    """Check an answer before it is final."""

    text: str
    citations: tuple[Citation, ...]
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class HandOff:
    """Bring in a person: a ticket with the reason and the transcript."""

    reason: HandoffReason


@dataclass(frozen=True, slots=True)
class AskConfirmation:
    """Open the card that asks the customer; the turn waits durably."""

    call: PlannedCall
    preview: EffectPreviewed


@dataclass(frozen=True, slots=True)
class AskApproval:
    """Open the card that asks staff, `approvals` of them; the turn waits durably."""

    call: PlannedCall
    preview: EffectPreviewed
    approvals: int = 1


@dataclass(frozen=True, slots=True)
class AwaitOutcome:
    """Nobody knows what came of a write: ask again with the same key in `after_s` seconds; the turn waits durably."""

    after_s: float


@dataclass(frozen=True, slots=True)
class AwaitCallback:
    """A tool answers later: the turn waits durably, until `expires_at_ms` (epoch milliseconds)."""

    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class Emit:
    """Show a step to the customer as it happens."""

    event: StatusEvent | ToolEvent


@dataclass(frozen=True, slots=True)
class Finish:
    """The turn is over: say so, and write its record. `preface` stands before what is said, and is no part of it."""

    outcome: Outcome
    text: str
    citations: tuple[Citation, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    answering: Answering = Answering.BOT
    streamed: bool = False
    support: tuple[SupportedSentence, ...] = ()
    covered: float | None = None
    refusal: Refusal | None = None
    preface: str = ""

    @property
    def lead(self) -> str:
        """What is told before `text`: the preface with its line break, or nothing."""
        return f"{self.preface}\n\n" if self.preface and self.text else ""


AskingEffect = CallPlanner | Draft | SayPhrase | CallTool | PreviewEffect | CheckGuardrails | HandOff
CardEffect = AskConfirmation | AskApproval
WaitingEffect = CardEffect | AwaitOutcome | AwaitCallback
TellingEffect = WaitingEffect | Emit | Finish
Effect = AskingEffect | TellingEffect
